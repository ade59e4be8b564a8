import { OptionError } from "../../tensor/errors.ts";
import { quote } from "../../tensor/printable.ts";
import type { DecodedImage, ImageChoice, OnNote, Raster } from "./raster.ts";
import { colourChannels, takeChannels } from "./raster.ts";

/** @throws {OptionError} unless a requested page or channel is a whole number from 1 */
export function requireChoice(choice: ImageChoice): void {
  for (const name of ["page", "channel"] as const) {
    const value = choice[name];
    if (value !== undefined && !(Number.isInteger(value) && value >= 1))
      throw new OptionError(name, `is ${value}, must be a whole number from 1`);
  }
}

/**
 * The page to read; notes if the file has others and none was requested.
 * @throws {OptionError} if there is no such page
 */
export function choosePage(
  { page, channel }: ImageChoice,
  about: {
    readonly where: string;
    readonly pages: number;
    readonly onNote?: OnNote | undefined;
    /** Channels that are kept as pages. */
    readonly channels?: { readonly names: readonly string[]; readonly stride: number };
    readonly channelIsPage?: boolean;
  },
): number {
  const { where, pages, onNote, channels, channelIsPage = false } = about;
  if (channelIsPage && channels !== undefined && channel !== undefined) {
    if (channel > channels.names.length)
      throw new OptionError("channel", `is ${channel}, ${where} has ${channels.names.length} channels`);
    if (pages > channels.names.length)
      onNote?.(`${where}: has ${pages} pages; of channel ${channel}, the first was read`);
    return 1 + (channel - 1) * channels.stride;
  }
  if (page !== undefined) {
    if (page > pages)
      throw new OptionError("page", `is ${page}, ${where} has ${pages} ${pages === 1 ? "page" : "pages"}`);
    return page;
  }
  if (pages > 1) {
    const shown = channels?.names.slice(0, 4).map(quote).join(", ");
    const named = shown === undefined ? "" : ` (channels ${shown}${(channels?.names.length ?? 0) > 4 ? " …" : ""})`;
    const choosing = channels === undefined ? "`page` chooses another" : "`page` or `channel` chooses another";
    onNote?.(`${where}: has ${pages} pages${named}; the first was read, ${choosing}`);
  }
  return 1;
}

/** The channels to keep, without opacity. @throws {OptionError} if there is no such channel */
export function chooseChannels(image: DecodedImage, { channel }: ImageChoice, where: string): Raster {
  const kept = colourChannels(image);
  if (channel === undefined) return takeChannels(image, kept);
  if (channel > kept.length)
    throw new OptionError(
      "channel",
      `is ${channel}, ${where} has ${kept.length} ${kept.length === 1 ? "channel" : "channels"}`,
    );
  return takeChannels(image, [kept[channel - 1]]);
}
