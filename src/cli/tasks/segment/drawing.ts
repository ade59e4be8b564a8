import { type Command, InvalidArgumentError, Option } from "commander";
import type { DrawnCellsOptions } from "../../../tasks/segment/data/drawn-cells.ts";
import type { MaskMeaning } from "../../../tasks/segment/data/set.ts";
import { choiceOfNumbers, decimalNumber, positiveNumber, sharedOptions, wholeNumber } from "../../options.ts";
import { counted, print, printJson } from "../../output.ts";
import { createProgress } from "../../progress.ts";

interface DrawOptions extends Required<Pick<DrawnCellsOptions, "cells" | "seed" | "bits" | "radius">> {
  readonly images: number;
  readonly size: number;
  readonly target: MaskMeaning;
  readonly colour?: boolean;
  readonly bright?: boolean;
  readonly noise: number;
  readonly json?: boolean;
}

async function draw(folder: string, { images, size, target, colour, json, ...options }: DrawOptions): Promise<void> {
  const { drawFolder } = await import("../../../tasks/segment/node/draw-folder.ts");
  const progress = createProgress();
  const cells = await drawFolder(folder, {
    ...options,
    images,
    height: size,
    width: size,
    channels: colour ? 3 : 1,
    meaning: target,
    onImage: (done) => progress.update({ en: `image ${done}/${images}`, zh: `图像 ${done}/${images}` }, done / images),
  });
  progress.finish();
  if (json) printJson({ folder, images, cells });
  else
    print({
      en: `${counted(images, "image")} with ${counted(cells, "cell")}: ${folder}`,
      zh: `${images} 幅图像，共 ${cells} 个细胞：${folder}`,
    });
}

function radiusArgument(text: string): readonly [number, number] {
  const [least, most = least, ...more] = text.split(",").map(positiveNumber);
  if (more.length > 0 || most < least)
    throw new InvalidArgumentError(`must be the smallest and the largest, such as 6,12, got "${text}"`);
  return [least, most];
}

/** `residua data draw DIR`: images of cells with exact masks. */
export function registerDraw(data: Command): void {
  data
    .command("draw")
    .description("draw images of cells with exact masks to try segmentation, into images/ and masks/ of one folder")
    .argument("<dir>", "output folder")
    .addOption(new Option("--images <n>", "how many").argParser(wholeNumber(1)).default(20))
    .addOption(new Option("--size <pixels>", "height and width per image").argParser(wholeNumber(8)).default(256))
    .addOption(
      new Option("--cells <n>", "cells per image, as far as there is room").argParser(wholeNumber(0)).default(40),
    )
    .addOption(
      new Option("--radius <least,most>", "radii of the cells in pixels")
        .argParser(radiusArgument)
        .default([6, 12] as const, "6,12"),
    )
    .addOption(
      new Option(
        "--target <what>",
        "what masks hold: cell numbers (instances), or background, body and nucleus (classes)",
      )
        .choices(["instances", "classes"])
        .default("instances"),
    )
    .addOption(
      new Option("--bits <n>", "bits per value: 8, or 10, 12 or 16 stored in 16-bit files")
        .argParser(choiceOfNumbers([8, 10, 12, 16] as const))
        .default(8),
    )
    .addOption(new Option("--colour", "draw coloured stains"))
    .addOption(new Option("--bright", "draw dark cells on a bright background"))
    .addOption(
      new Option("--noise <x>", "standard deviation of the noise, as a share of the range")
        .argParser(decimalNumber(0, 1))
        .default(0.03),
    )
    .addOption(sharedOptions.seed())
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      "\nExamples:\n  $ residua data draw cells/ --images 40\n  $ residua data draw blood/ --target classes --colour --bright --cells 4 --radius 25,40",
    )
    .action(draw);
}
