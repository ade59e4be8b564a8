import type { WorkerService } from "../../../jobs/web/service.ts";
import type { Plate } from "../../../tasks/plates/find-plates.ts";
import type { Corners } from "../../../tasks/plates/geometry.ts";
import type { PlateType } from "../../../tasks/plates/plate-type.ts";

/** A picture to find plates in. */
export interface ReadRequest {
  /** A file, or a frame of a video, which is looked at once, without close-ups. */
  readonly image: File | ImageBitmap;
  /** The address of the folder of ready networks. */
  readonly models: string;
}

/** A plate that was found and read. */
export interface ShownPlate extends Plate {
  readonly type: PlateType;
}

/** The plates of a picture. */
export interface ReadPlates {
  readonly width: number;
  readonly height: number;
  /** `[height, width, 3]`: the picture, upright; of a frame, nothing. */
  readonly pixels: Uint8Array;
  /** Plates that can be read, the most certain first. */
  readonly plates: readonly ShownPlate[];
  /** The corners of all that looks like a plate, readable or not: what is hidden if plates are blurred. */
  readonly located: readonly Corners[];
}

/** What reading reports: that the networks are being loaded, or that they look. */
export type ReadEvent = "loading" | "looking";

/** Finding and reading plates, in a worker that keeps its networks. */
export const plateReading: WorkerService<ReadRequest, ReadEvent, ReadPlates> = {
  name: "plates",
  worker: () => new Worker(new URL("./read-worker.js", import.meta.url), { type: "module" }),
};
