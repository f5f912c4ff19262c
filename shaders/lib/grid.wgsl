// Grids of one dimension, folded into y where they exceed the 65,535 workgroups that a dimension may have.

fn linear_workgroup(workgroup: vec3u, workgroups: vec3u) -> u32 {
  return workgroup.y * workgroups.x + workgroup.x;
}
