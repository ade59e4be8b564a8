import type { PortableChoices } from "../../src/compile/portable/choices.ts";

/** How a side of the benchmark is set up. */
export interface SideOptions {
  readonly batch: number;
  readonly threads: number;
  /** Other ways to write our graph than the usual ones. */
  readonly choices?: Partial<PortableChoices> | undefined;
  /** ONNX Runtime's own inner loops instead of the faster ones. */
  readonly ownLoops?: boolean | undefined;
}

/** From page to worker: what to set up, then how many steps to run. */
export type SideOrder = SideOptions | { readonly steps: number };

/** From worker to page. */
export interface SideAnswer {
  readonly seconds?: readonly number[];
  readonly losses?: readonly number[];
  readonly error?: string;
}

/** Sets a side up; the function that it gives runs one step and returns its loss. */
export type SetUp = (options: SideOptions) => Promise<() => Promise<number>>;

/** Makes the worker that calls it run steps when its page asks for them. Threads of a library, which load the same file, are left alone. */
export function serveSteps(setUp: SetUp): void {
  if (self.name !== "side") return;
  let step: (() => Promise<number>) | undefined;
  const answer = (message: SideAnswer): void => globalThis.postMessage(message, { transfer: [] });
  const follow = async (order: SideOrder): Promise<SideAnswer> => {
    if ("batch" in order) {
      step = await setUp(order);
      return {};
    }
    const [seconds, losses]: [number[], number[]] = [[], []];
    for (let done = 0; done < order.steps; done++) {
      const start = performance.now();
      losses.push(await step!());
      seconds.push((performance.now() - start) / 1000);
    }
    return { seconds, losses };
  };
  globalThis.addEventListener("message", ({ data }: MessageEvent<SideOrder>) => {
    follow(data).then(answer, (error: unknown) =>
      answer({ error: error instanceof Error ? String(error.stack) : String(error) }),
    );
  });
}

/** Images from N(0, 1), the same on both sides but for the order of their axes. */
export function drawImages(count: number, normal: () => number): Float32Array {
  return Float32Array.from({ length: count }, normal);
}
