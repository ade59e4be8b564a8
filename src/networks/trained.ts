import type { Session } from "../runtime/runtime.ts";
import type { NetworkCard } from "./card.ts";
import type { NetworkFile } from "./file.ts";

/** A trained network, ready to predict; the caller releases the session. */
export interface TrainedNetwork {
  readonly card: NetworkCard;
  /** Takes `images [N, channels, H, W]`, gives `scores [N, classes]`. */
  readonly session: Session;
}

/** A network that predicts, with its file's contents, so that it can be saved in another form. */
export interface KeptNetwork extends TrainedNetwork {
  readonly file: NetworkFile;
}
