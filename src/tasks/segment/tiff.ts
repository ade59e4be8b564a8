/** One tag of a TIFF directory: number, type (3: 16 bits, 4: 32 bits) and value. */
type Entry = readonly [tag: number, type: 3 | 4, value: number];

/**
 * A grey image as a TIFF, uncompressed, in one strip: numbers stay what they are, also those of 32 bits, which no picture library
 * for Node writes.
 *
 * @source TIFF 6.0, sections 2 to 4 and 19 (SampleFormat)
 */
export function encodeTiff({
  height,
  width,
  values,
}: {
  readonly height: number;
  readonly width: number;
  readonly values: Uint16Array | Uint32Array | Float32Array;
}): Uint8Array {
  const bytes = values.BYTES_PER_ELEMENT;
  const entries: readonly Entry[] = [
    [256, 4, width],
    [257, 4, height],
    [258, 3, 8 * bytes],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 0],
    [277, 3, 1],
    [278, 4, height],
    [279, 4, values.byteLength],
    [339, 3, values instanceof Float32Array ? 3 : 1],
  ];
  const start = 8 + 2 + 12 * entries.length + 4 + 2;
  const file = new Uint8Array(start + values.byteLength);
  const view = new DataView(file.buffer);
  file.set([0x49, 0x49, 42, 0, 8, 0, 0, 0]);
  view.setUint16(8, entries.length, true);
  entries.forEach(([tag, type, value], index) => {
    const at = 10 + 12 * index;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, 1, true);
    if (type === 3) view.setUint16(at + 8, value, true);
    else view.setUint32(at + 8, tag === 273 ? start : value, true);
  });
  const write = bytes === 2 ? view.setUint16 : values instanceof Float32Array ? view.setFloat32 : view.setUint32;
  for (let at = 0; at < values.length; at++) write.call(view, start + at * bytes, values[at], true);
  return file;
}
