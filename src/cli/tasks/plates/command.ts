import type { Command } from "commander";
import { trustedKeyOption } from "../../model-file.ts";
import { sharedOptions } from "../../options.ts";
import { findPlatesInFiles, type PlateFlags, plateOptions } from "./finding.ts";
import type { PlateNetworkOptions } from "./networks.ts";

async function plates(paths: readonly string[], options: PlateNetworkOptions & PlateFlags): Promise<void> {
  const { openPlateNetworks } = await import("./networks.ts");
  const { release, ...opened } = await openPlateNetworks(options);
  try {
    await findPlatesInFiles(paths, options, opened);
  } finally {
    await release();
  }
}

/** `residua plates IMAGE…`: finds licence plates, straightens and reads them. */
export function registerPlates(program: Command): void {
  const command = program
    .command("plates")
    .argument("<image...>", "image files, folders of them, or globs: PNG, JPEG, TIFF … (docs/images.md)")
    .option("--model <name>", "a ready network that finds and reads plates, if the package has one")
    .option("--locator <file>", "a network from residua train --task plates --part locate, in place of the ready one")
    .option("--reader <file>", "a network from residua train --task plates --part read, in place of the ready one");
  for (const option of plateOptions()) command.addOption(option);
  command
    .addOption(trustedKeyOption())
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.device())
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      `
For each picture: NAME.overlay.png, its plates outlined and numbered as in the table. For all together: plates.csv. --json has each
plate's corners, clockwise from the top left, and each character with its probability, its place on the straightened plate (144×48),
and what came next. The confidence of a plate is that of its weakest character.

Examples:
  $ residua plates street.jpg
  $ residua plates photos/ --out found --json
  $ residua plates street.jpg --explain
  $ residua plates photos/ --blur published
  $ residua plates street.jpg --locator runs/locator/model.onnx --reader runs/reader/model.onnx`,
    )
    .action(plates);
}
