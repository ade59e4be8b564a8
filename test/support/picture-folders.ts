import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodePng } from "../../src/files/png.ts";
import { drawKind, kinds } from "./pictures.ts";

/** Writes a folder of pictures by kind, `FOLDER/KIND/NN.png`, so many of each. */
export async function writePictures(folder: string, each: number, size = 24): Promise<void> {
  for (const [kind, name] of kinds.entries()) {
    await mkdir(join(folder, name), { recursive: true });
    for (let index = 0; index < each; index++) {
      const png = encodePng({ height: size, width: size, channels: 3, samples: drawKind(kind, index, size) });
      await writeFile(join(folder, name, `${String(index).padStart(2, "0")}.png`), png);
    }
  }
}
