import type { SideAnswer, SideOptions, SideOrder } from "./steps.ts";

const workers: Readonly<Record<string, () => Worker>> = {
  residua: () => new Worker(new URL("./residua-worker.ts", import.meta.url), { type: "module", name: "side" }),
  tensorflow: () => new Worker(new URL("./tensorflow-worker.ts", import.meta.url), { type: "module", name: "side" }),
};
const started = new Map<string, Worker>();

function ask(worker: Worker, order: SideOrder): Promise<SideAnswer> {
  return new Promise((resolve, reject) => {
    const once = { once: true };
    worker.addEventListener(
      "message",
      ({ data }: MessageEvent<SideAnswer>) =>
        data.error === undefined ? resolve(data) : reject(new Error(data.error)),
      once,
    );
    worker.addEventListener("error", ({ message }) => reject(new Error(message)), once);
    worker.postMessage(order, { transfer: [] });
  });
}

/** What the process that opened the page calls. */
const sides = {
  start: async (side: string, name: string, options: SideOptions): Promise<void> => {
    const worker = workers[side]();
    started.set(name, worker);
    await ask(worker, options);
  },
  run: (name: string, steps: number): Promise<SideAnswer> => ask(started.get(name)!, { steps }),
};

Object.assign(globalThis, { sides, isolated: globalThis.crossOriginIsolated });
