import type { TrainedNetwork } from "../../networks/open.ts";
import type { PlateSettings } from "./settings.ts";

/** A network for plates, opened. */
export interface PlatesNetwork extends TrainedNetwork {
  readonly settings: PlateSettings;
}
