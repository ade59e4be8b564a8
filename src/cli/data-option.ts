import { Option } from "commander";
import { datasetNames, standardDataset } from "../data/catalog.ts";

/** `--data` of commands that train or measure on a data set. */
export function dataOption(): Option {
  const option = new Option("--data <name|dir>", `${datasetNames.join(", ")}, or a folder of images by class`);
  return option.default(standardDataset);
}
