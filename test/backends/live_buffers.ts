/** Counts what lives on a device: buffers made and not destroyed. */
export interface LiveBuffers {
  readonly count: number;
  readonly bytes: number;
}

/** Watches a device from now on. */
export function watchBuffers(device: GPUDevice): () => LiveBuffers {
  const live = new Map<GPUBuffer, number>();
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    live.set(buffer, descriptor.size);
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      live.delete(buffer);
      return destroy();
    };
    return buffer;
  };
  return () => ({ count: live.size, bytes: [...live.values()].reduce((sum, size) => sum + size, 0) });
}
