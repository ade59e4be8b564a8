import type { TrainedNetwork } from "../../networks/open.ts";
import type { SegmentationSettings } from "./settings.ts";

/** A network, opened to segment. */
export interface SegmentationNetwork extends TrainedNetwork {
  readonly settings: SegmentationSettings;
}
