import type { DType } from "../tensor/dtype.ts";
import { staticShape, sizeOf } from "../tensor/shape.ts";
import type { Stage } from "./stages.ts";

/** A piece of memory that values take in turn. */
export interface Slot {
  readonly dtype: DType;
  readonly elements: number;
}

/** Where the values lie that stages hand on to later ones. */
export interface StageMemory {
  readonly slots: readonly Slot[];
  /** The slot of each value, from its start. */
  readonly slotOf: ReadonlyMap<string, number>;
}

/**
 * Gives each value that a stage hands on the smallest slot that is free by then and holds it; a new one if there is none.
 * Results of the whole graph, and what ranks exchange, have places of their own.
 */
export function planStageMemory(stages: readonly Stage[], results: ReadonlySet<string>): StageMemory {
  const lastUses = new Map<string, number>();
  for (const [at, { graph }] of stages.entries()) for (const { name } of graph.inputs) lastUses.set(name, at);
  const slots: Slot[] = [];
  const slotOf = new Map<string, number>();
  /** Free slots, and the last stages that use the others. */
  const free = new Set<number>();
  const taken = new Map<number, number>();
  for (const [at, { graph, gathers }] of stages.entries()) {
    for (const [slot, last] of taken) {
      // What a stage reads must stay until it is over.
      if (last >= at) continue;
      taken.delete(slot);
      free.add(slot);
    }
    const sources = new Set(gathers.map(({ source }) => source));
    for (const { name, dtype, shape } of graph.outputs) {
      if (results.has(name) || sources.has(name)) continue;
      const elements = sizeOf(staticShape(name, shape));
      const fitting = [...free].filter((slot) => slots[slot].dtype === dtype && slots[slot].elements >= elements);
      const [smallest] = fitting.toSorted((a, b) => slots[a].elements - slots[b].elements);
      const slot = smallest ?? slots.push({ dtype, elements }) - 1;
      free.delete(slot);
      taken.set(slot, lastUses.get(name) ?? at);
      slotOf.set(name, slot);
    }
  }
  return { slots, slotOf };
}
