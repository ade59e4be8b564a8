import { readPageImage } from "../../../data/web/page-image.ts";
import { serveRequests } from "../../../jobs/web/service.ts";
import { findDefaults } from "../../../tasks/plates/find-plates.ts";
import { toPixels } from "../../../tasks/plates/pixels.ts";
import { plateTypeOf } from "../../../tasks/plates/plate-type.ts";
import { FormatError, UnsupportedError } from "../../../tensor/errors.ts";
import { open } from "../../../web.ts";
import { refuseSize } from "../../pictures/image-limits.ts";
import type { plateReading, ReadEvent, ReadPlates, ReadRequest } from "./read-service.ts";

const mostBytes = 64 * 2 ** 20;

const openPlates = (models: string) =>
  open("plates", {
    task: "plates",
    models,
    wasm: new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url),
  });

let opening: ReturnType<typeof openPlates> | undefined;

/** The pair of networks; one that could not be loaded is loaded anew. */
async function networkFrom(models: string, report: (event: ReadEvent) => void): ReturnType<typeof openPlates> {
  if (opening === undefined) report("loading");
  opening ??= openPlates(models);
  try {
    return await opening;
  } catch (error) {
    opening = undefined;
    throw error;
  }
}

async function read({ image, models }: ReadRequest, report: (event: ReadEvent) => void): Promise<ReadPlates> {
  const isFile = image instanceof File;
  const where = isFile ? image.name : "frame";
  const large = isFile ? refuseSize(image.size, mostBytes) : undefined;
  if (large !== undefined) throw new FormatError(where, `is too large: ${(large as { readonly en: string }).en}`);
  const network = await networkFrom(models, report);
  report("looking");
  const pixels = toPixels(await readPageImage(image, where));
  if (!isFile) image.close();
  // What is published should not depend on what can be read: all that looks like a plate can be hidden.
  const found = await network.predict(pixels, { legibility: 0, closeUps: isFile });
  if (found.part !== "both") throw new UnsupportedError("plates", "has one part, must locate and read");
  return {
    width: pixels.width,
    height: pixels.height,
    pixels: isFile ? Uint8Array.from(pixels.data) : new Uint8Array(0),
    plates: found.plates
      .filter(({ legibility }) => legibility >= findDefaults.legibility)
      .map((plate) => ({ ...plate, type: plateTypeOf(plate) })),
    located: found.plates.map(({ corners }) => corners),
  };
}

serveRequests<typeof plateReading>({ answer: read, transfer: ({ pixels }) => [pixels.buffer] });
