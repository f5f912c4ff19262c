/** What no layer of the list runs: the other ops of whole networks, and shaders that none of these uses, with the constants of their files. */
import { join } from "node:path";
import { type DispatchDescription, optimizers, webgpuDispatches } from "swivel-nn/training";
import { readShader, shaderFiles } from "../../tools/wgsl/build.ts";
import { shadersDir } from "../../tools/wgsl/expand.ts";
import { assorted, network, packed, pruned, trainingStep } from "../networks.ts";

interface Job {
  readonly dispatch: DispatchDescription;
  readonly shape: string;
}

/** `known`: dispatches that have rows already. Each shader once for each choice of constants; its arithmetic is not judged here, only its registers. `missing`: op → why. */
export async function everyShader(known: readonly DispatchDescription[]): Promise<{ jobs: Job[]; missing: Map<string, string> }> {
  const key = ({ shader, constants }: DispatchDescription) => JSON.stringify([shader.code, Object.entries(constants).sort()]);
  const seen = new Set(known.map(key));
  const networks = [network("lenet", "rrelu"), network("resnet20", "rrelu"), await pruned("resnet20"), assorted()];
  const [sgd, adam] = [optimizers.sgd({ rate: 0.1 }), optimizers.adam({ rate: 0.001 })];
  const graphs = networks.flatMap((net) => {
    const small = packed(net).graph;
    const steps = net.name === "assorted" ? [] : [sgd, adam].map((optimizer) => trainingStep(net, optimizer));
    return [
      { from: net.name, graph: net.graph, precision: "f32" as const },
      ...(["f32", "f16"] as const).map((precision) => ({ from: `${net.name}, packed, ${precision}`, graph: small, precision })),
      ...steps.map((graph) => ({ from: `${net.name}, training`, graph, precision: "f32" as const })),
    ];
  });
  const jobs: Job[] = [];
  const missing = new Map<string, string>();
  for (const { from, graph, precision } of graphs) {
    const { dispatches, unsupported } = webgpuDispatches(graph, { batch: 4, precision });
    for (const { op, why } of unsupported) missing.set(op, why);
    for (const dispatch of dispatches) {
      if (seen.has(key(dispatch))) continue;
      seen.add(key(dispatch));
      jobs.push({ dispatch: { ...dispatch, macs: 0 }, shape: `in ${from}` });
    }
  }
  const used = new Set([...known, ...jobs.map(({ dispatch }) => dispatch)].map(({ shader }) => shader.name));
  const files = [shadersDir, join(shadersDir, "training")].flatMap(shaderFiles).map(readShader);
  const rest = files.filter(({ name }) => !used.has(name));
  return { jobs: [...jobs, ...rest.map((shader): Job => ({ dispatch: alone(shader), shape: "constants of the file" }))], missing };
}

function alone({ name, hash, code }: ReturnType<typeof readShader>): DispatchDescription {
  const nothing = { constants: {}, grid: [1, 1, 1], params: new ArrayBuffer(0), bindings: [] } as const;
  return { node: name, op: name, macs: 0, shader: { name, hash, code }, ...nothing };
}
