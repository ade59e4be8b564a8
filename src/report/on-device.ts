import type { ComputedOn } from "../runtime/computed-on.ts";

/** How a sentence about a measurement ends that names its device; nothing for the processor. */
export function onDevice({ device }: ComputedOn): { readonly en: string; readonly zh: string } {
  return device === undefined ? { en: "", zh: "" } : { en: `, on ${device}`, zh: `，设备 ${device}` };
}
