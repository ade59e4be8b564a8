import * as v from "valibot";
import type { BlockFlow, FlowProfile, LayerFlow } from "../profile.ts";
import type { NetworkFlow } from "../study.ts";
import { keptNumber } from "../../../jobs/journal.ts";

/** How far following the gradient through several networks has come. */
export interface KeptFlow {
  /** Networks that are done. */
  readonly networks: readonly NetworkFlow[];
  /** The name of their data, once there are such networks. */
  readonly data?: string;
  /** Steps done of the next one, and what was measured of it. */
  readonly step: number;
  readonly profiles: readonly FlowProfile[];
}

const layer: v.GenericSchema<unknown, LayerFlow> = v.strictObject({
  layer: v.string(),
  gradient: keptNumber,
  weight: keptNumber,
  update: v.exactOptional(keptNumber),
  mean: keptNumber,
  variance: keptNumber,
  dead: v.exactOptional(keptNumber),
  zeros: v.exactOptional(keptNumber),
});

const block: v.GenericSchema<unknown, BlockFlow> = v.strictObject({
  block: v.string(),
  kind: v.string(),
  gradientIn: keptNumber,
  gradientOut: keptNumber,
  residual: keptNumber,
  shortcut: v.exactOptional(keptNumber),
  cosine: v.exactOptional(keptNumber),
});

const profile: v.GenericSchema<unknown, FlowProfile> = v.strictObject({
  step: v.number(),
  loss: keptNumber,
  layers: v.array(layer),
  blocks: v.array(block),
});

export const keptFlowSchema: v.GenericSchema<unknown, KeptFlow> = v.strictObject({
  networks: v.array(
    v.strictObject({
      label: v.string(),
      parameters: v.number(),
      status: v.picklist(["done", "diverged"]),
      profiles: v.array(profile),
    }),
  ),
  data: v.exactOptional(v.string()),
  step: v.number(),
  profiles: v.array(profile),
});
