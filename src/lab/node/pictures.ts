import { encodePng } from "../../files/png.ts";
import type { ActivationMap } from "../network/grad-cam.ts";
import { overlayMap, type TakenImage } from "../network/overlay.ts";

/** The image as a PNG file; with a map laid over it, where there is one. */
export function drawPicture(image: TakenImage, map?: ActivationMap): Uint8Array {
  return encodePng({ ...overlayMap(image, map), channels: 4 });
}
