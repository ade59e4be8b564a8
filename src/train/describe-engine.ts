import type { Engine } from "./checkpoint.ts";

/** An engine in words, such as "blocked 16 on node 1.30.0". */
export function describeEngine({ lowering, runtime, device }: Engine): string {
  return `${lowering} on ${runtime}${device === undefined ? "" : `, ${device}`}`;
}
