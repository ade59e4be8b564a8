import type { TrainedNetwork } from "../../networks/open.ts";
import type { PlateSettings } from "./settings.ts";

/** A network for plates, opened: a locator, a reader, or a locator with the reader of what it finds. */
export interface PlatesNetwork extends TrainedNetwork {
  readonly settings: PlateSettings;
  /** Reads what this network locates. */
  readonly reader?: TrainedNetwork;
}
