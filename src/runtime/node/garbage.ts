import { getHeapStatistics } from "node:v8";

/** Bytes of dead buffers at which a collection is started. */
const LIMIT = 64e6;

/** Bytes of buffers, dead ones too. `process.memoryUsage` tells it as well, and asks the system for much else. */
const heldOutside = (): number => getHeapStatistics().external_memory;

/**
 * Collects dead buffers before they pile up. A run returns its outputs in new memory and so leaves the old ones behind;
 * V8, whose own heap stays small, lets hundreds of megabytes accumulate.
 *
 * @returns undefined unless Node was started with `--expose-gc`
 */
export function createCollector(): (() => void) | undefined {
  const collect = globalThis.gc;
  if (collect === undefined) return undefined;
  let alive = 0;
  const isFull = (): boolean => heldOutside() > alive + LIMIT;
  return () => {
    if (!isFull()) return;
    collect({ type: "minor" });
    if (isFull()) collect();
    alive = heldOutside();
  };
}
