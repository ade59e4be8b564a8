import { statSync } from "node:fs";
import { extname } from "node:path";
import { InvalidArgumentError } from "commander";
import { writeFileAtomically } from "../files/node.ts";
import { OutputFileOption } from "./output-file.ts";

const DRAWINGS = [".svg", ".png"];

/** A device takes whatever is written to it, and is called as it is. */
function drawingArgument(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  // A name such as /dev/stdout may lead to a file.
  const isDevice = /^\/(?:dev|proc)\//.test(path) || (found !== undefined && !found.isFile() && !found.isDirectory());
  if (!isDevice && !DRAWINGS.includes(extname(path).toLowerCase()))
    throw new InvalidArgumentError(`must end in ${DRAWINGS.join(", ")}`);
  return path;
}

/** Where to draw something. */
export function drawingOption(description: string): OutputFileOption {
  const option = new OutputFileOption("--svg <file>", description);
  option.argParser(drawingArgument);
  return option;
}

async function toPng(svg: string): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  return sharp(Buffer.from(svg), { density: 108 }).png().toBuffer();
}

/** Writes a drawing as SVG, or as PNG if the file's name says so. */
export async function writeDrawing(path: string, svg: string): Promise<void> {
  await writeFileAtomically(path, extname(path).toLowerCase() === ".png" ? await toPng(svg) : svg);
}
