import { FormatError } from "../../tensor/errors.ts";
import type { ModelRunner } from "./model-runner.ts";
import type { Work } from "./scheduler.ts";

/** What the network says about an image. Not yet. */
export async function predictImage(
  _runner: ModelRunner,
  _work: Extract<Work, { readonly kind: "predict" }>,
): Promise<unknown> {
  throw new FormatError("image", "cannot be read yet");
}
