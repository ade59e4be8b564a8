import type { PixelSize } from "../raster.ts";
import { type Directory, readNumbers, readText, type TiffFile } from "./directory.ts";

/** The metadata of a TIFF: its tags, and the texts that microscope software embeds. */
export interface TiffAbout {
  readonly pixelSize?: PixelSize;
  /** Channels stored as pages: their names, and the stride in pages between them. */
  readonly channels?: { readonly names: readonly string[]; readonly stride: number };
  /** Consecutive images under one directory, as ImageJ writes large stacks. */
  readonly images: number;
}

/** Micrometres per unit of length. */
const micrometres: Readonly<Record<string, number>> = {
  pm: 1e-6, "å": 1e-4, nm: 1e-3, "µm": 1, "μm": 1, um: 1, micron: 1, microns: 1, micrometer: 1, micrometre: 1, mm: 1e3,
  cm: 1e4, dm: 1e5, m: 1e6, in: 25_400, inch: 25_400,
}; // prettier-ignore
/** Above this many dots per inch, a resolution is a microscope's; below, it is a print size. */
const PRINT_RESOLUTION = 2400;

function sizeOf(x: number, y: number): { readonly pixelSize?: PixelSize } {
  const isSize = [x, y].every((side) => side > 0 && side < 1e9);
  return isSize ? { pixelSize: { x, y } } : {};
}

function attribute(tag: string, name: string): string | undefined {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return found
    ?.replace(/&#x([0-9a-f]{1,6});/gi, (_, code: string) => codePoint(Number.parseInt(code, 16)))
    .replace(/&#(\d{1,7});/g, (_, code: string) => codePoint(Number(code)))
    .replace(
      /&(lt|gt|quot|apos|amp);/g,
      (_, entity: string) => ({ lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" })[entity] ?? "",
    );
}

const codePoint = (code: number): string => (code <= 0x10ffff ? String.fromCodePoint(code) : "");

function unitOf(tag: string, side: "X" | "Y"): number {
  const factor = micrometres[(attribute(tag, `PhysicalSize${side}Unit`) ?? "µm").toLowerCase()];
  return Number(attribute(tag, `PhysicalSize${side}`)) * (factor ?? Number.NaN);
}

/** @source OME-XML schema 2016-06, Pixels */
function readOme(xml: string): Omit<TiffAbout, "images"> {
  const pixels = /<(?:\w+:)?Pixels\s[^>]*>/.exec(xml);
  if (pixels === null) return {};
  const [tag] = pixels;
  const size = (axis: string): number => Math.max(1, Number(attribute(tag, `Size${axis}`) ?? 1) || 1);
  const inside = xml.slice(
    pixels.index,
    pixels.index + Math.max(0, xml.slice(pixels.index).search(/<\/(?:\w+:)?Pixels>/)),
  );
  const found = [...inside.matchAll(/<(?:\w+:)?Channel\s[^>]*>/g)];
  const names = found.map(([channel], index) => attribute(channel, "Name") ?? String(index + 1));
  const order = (attribute(tag, "DimensionOrder") ?? "XYCZT").slice(2);
  const before = order.slice(0, Math.max(0, order.indexOf("C")));
  const stride = ["Z", "T"].filter((axis) => before.includes(axis)).reduce((product, axis) => product * size(axis), 1);
  // Colours within one page form one channel.
  return {
    ...sizeOf(unitOf(tag, "X"), unitOf(tag, "Y")),
    ...(names.length > 1 ? { channels: { names, stride } } : {}),
  };
}

/** @source ImageJ, FileInfo and TiffEncoder: lines `name=value`, channels before slices before frames */
function readImageJ(
  text: string,
  [x, y]: readonly [number, number],
): Omit<TiffAbout, "images"> & { readonly images: number } {
  const values = new Map(text.split(/\r?\n/).map((line) => line.split("=", 2) as [string, string]));
  const factor = micrometres[(values.get("unit") ?? "").replaceAll(/\\u00B5/gi, "µ").toLowerCase()] ?? Number.NaN;
  const channels = Number(values.get("channels") ?? 1);
  const images = Number(values.get("images") ?? 1);
  const isCount = Number.isInteger(channels) && channels > 1 && channels <= 1024;
  return {
    ...sizeOf(factor / x, factor / y),
    ...(isCount ? { channels: { names: Array.from({ length: channels }, (_, at) => String(at + 1)), stride: 1 } } : {}),
    images: Number.isInteger(images) && images > 1 ? images : 1,
  };
}

/**
 * Reads the file's metadata from the first page. Resolutions in inches and centimetres count from 2,400 dots per inch
 * upwards.
 */
export function describeTiff(file: TiffFile, page: Directory): TiffAbout {
  const text = readText(file, page, 270);
  const resolution = [readNumbers(file, page, 282)[0] ?? 0, readNumbers(file, page, 283)[0] ?? 0] as const;
  if (text.startsWith("ImageJ=")) return readImageJ(text, resolution);
  if (/<(?:\w+:)?OME\s/.test(text.slice(0, 4096))) return { ...readOme(text), images: 1 };
  const unit = ({ 2: 25_400, 3: 10_000 } as const)[readNumbers(file, page, 296)[0] ?? 2] ?? Number.NaN;
  const [x, y] = [unit / resolution[0], unit / resolution[1]];
  return { ...(x < 25_400 / PRINT_RESOLUTION ? sizeOf(x, y) : {}), images: 1 };
}
