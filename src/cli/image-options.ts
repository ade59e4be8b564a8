import { Option } from "commander";
import type { ImageChoice } from "../data/image/raster.ts";
import { onlyGiven, optionName, wholeNumber } from "./options.ts";
import { sayMessage } from "./output.ts";

/** Which part of an image file is read. */
export function imageOptions(): readonly Option[] {
  return [
    new Option("--page <n>", "page of an image file that has several, from 1 (default: the first)").argParser(
      wholeNumber(1),
    ),
    new Option("--channel <n>", "one channel of each image, from 1 (default: all of the page's)").argParser(
      wholeNumber(1),
    ),
  ];
}

/** What {@link imageOptions} say. */
export function imageChoice({ page, channel }: { readonly page?: number; readonly channel?: number }): ImageChoice {
  return onlyGiven({ page, channel });
}

/** Says what the reader of images notes, with flags in the place of fields. */
export function sayNote(text: string): void {
  sayMessage(text.replace(/`([A-Za-z]+)`/g, (_, field: string) => optionName(field)));
}
