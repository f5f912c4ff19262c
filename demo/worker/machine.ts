/** What this browser offers, in plain words. */

export function threadsHere(): { count: number; why: string } {
  const cores = navigator.hardwareConcurrency;
  if (!self.crossOriginIsolated)
    return { count: 1, why: "the page is not isolated (its host sends no COOP and COEP headers), so threads are off" };
  return { count: Math.min(4, cores), why: `the page is isolated, and ${cores} cores are there` };
}

/** The adapter's name, or why there is none. */
export async function webgpuHere(): Promise<string> {
  const gpu = (navigator as { gpu?: GPU }).gpu;
  if (!gpu) return "unavailable: this browser has no WebGPU, or keeps it from this page";
  try {
    const adapter = await gpu.requestAdapter();
    if (!adapter) return "unavailable: this browser has WebGPU, but offers no graphics processor";
    const { vendor, architecture, description } = adapter.info;
    return [description || vendor, architecture].filter(Boolean).join(" ") || "available";
  } catch (error) {
    return `unavailable: ${(error as Error).message}`;
  }
}

export function machine(): { cores: number; browser: string; date: string } {
  const agent = navigator.userAgent;
  const browser = /(Firefox|Edg|Chrome|Version)\/[\d.]+/.exec(agent)?.[0].replace("Version", "Safari") ?? "this browser";
  return { cores: navigator.hardwareConcurrency, browser, date: new Date().toISOString().slice(0, 10) };
}
