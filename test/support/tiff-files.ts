/** A page of {@link tiffOf}, right or wrong. */
export interface TiffPage {
  readonly width: number | undefined;
  readonly height: number;
  readonly bits: number;
  readonly data: Uint8Array;
  readonly compression?: number;
  /** A side of its square tiles, all of which are `data`. */
  readonly tile?: number;
  readonly text?: string;
  readonly subfile?: number;
  /** Writes the width as text. */
  readonly textWidth?: boolean;
  /** Makes the page follow itself. */
  readonly circle?: boolean;
}

type Field = readonly [tag: number, type: number, values: readonly number[]];
const [ASCII, SHORT, LONG, DOUBLE] = [2, 3, 4, 12];
const bytesOf: Readonly<Record<number, number>> = { [ASCII]: 1, [SHORT]: 2, [LONG]: 4, [DOUBLE]: 8 };

function fieldsOf(
  { width, height, bits, compression = 1, tile, text, subfile = 0, textWidth = false, data }: TiffPage,
  at: number,
): readonly Field[] {
  const count = tile === undefined ? 1 : Math.ceil((width ?? 1) / tile) * Math.ceil(height / tile);
  const [offsets, lengths] = [
    Array.from({ length: count }, () => at),
    Array.from({ length: count }, () => data.length),
  ];
  const fields: readonly (Field | undefined)[] = [
    [254, LONG, [subfile]],
    width === undefined ? undefined : Number.isNaN(width) ? [256, DOUBLE, [width]] : [256, textWidth ? ASCII : LONG, [width]],
    [257, LONG, [height]],
    [258, SHORT, [bits]],
    [259, SHORT, [compression]],
    [262, SHORT, [1]],
    text === undefined ? undefined : [270, ASCII, [...new TextEncoder().encode(`${text}\0`)]],
    [277, SHORT, [1]],
    ...(tile === undefined
      ? ([[273, LONG, offsets], [278, LONG, [height]], [279, LONG, lengths]] as const)
      : ([[322, LONG, [tile]], [323, LONG, [tile]], [324, LONG, offsets], [325, LONG, lengths]] as const)),
  ]; // prettier-ignore
  return fields.filter((field) => field !== undefined).toSorted((a, b) => a[0] - b[0]);
}

/** A little-endian TIFF of grey pages, as right or wrong as they say; each page's pixels, fields and long values follow each other. */
export function tiffOf(...pages: readonly TiffPage[]): Uint8Array {
  const size = pages.reduce(
    (sum, page) =>
      sum + page.data.length + 2 ** 12 + 16 * (page.tile === undefined ? 1 : (page.width ?? 1) * page.height),
    8,
  );
  const file = new Uint8Array(Math.min(size, 2 ** 24));
  const view = new DataView(file.buffer);
  file.set([0x49, 0x49, 42, 0]);
  const put = (type: number, at: number, value: number): void => {
    if (type === DOUBLE) view.setFloat64(at, value, true);
    else if (type === LONG) view.setUint32(at, value, true);
    else if (type === SHORT) view.setUint16(at, value, true);
    else view.setUint8(at, value);
  };
  let [end, link] = [8, 4];
  for (const page of pages) {
    const fields = fieldsOf(page, end);
    file.set(page.data, end);
    const start = end + page.data.length + (page.data.length % 2);
    view.setUint32(link, start, true);
    view.setUint16(start, fields.length, true);
    end = start + 2 + 12 * fields.length + 4;
    for (const [index, [tag, type, values]] of fields.entries()) {
      const at = start + 2 + 12 * index;
      [tag, type].forEach((value, place) => view.setUint16(at + 2 * place, value, true));
      view.setUint32(at + 4, values.length, true);
      const isInside = bytesOf[type] * values.length <= 4;
      if (!isInside) view.setUint32(at + 8, end, true);
      values.forEach((value, place) => put(type, (isInside ? at + 8 : end) + bytesOf[type] * place, value));
      if (!isInside) end += bytesOf[type] * values.length;
    }
    link = start + 2 + 12 * fields.length;
    if (page.circle === true) view.setUint32(link, start, true);
  }
  return file.subarray(0, end);
}
