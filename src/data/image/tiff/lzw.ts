const CLEAR = 256;
const END = 257;

/**
 * Unpacks TIFF's LZW: codes of 9 to 12 bits, which grow one code early.
 *
 * @returns at most `length` bytes; undefined if a code is invalid
 * @source TIFF 6.0, section 13
 */
export function unpackLzw(data: Uint8Array, length: number): Uint8Array | undefined {
  const out = new Uint8Array(length);
  const prefix = new Uint16Array(4096);
  const last = Uint8Array.from({ length: 4096 }, (_, code) => code);
  const lengths = new Uint16Array(4096).fill(1, 0, 256);
  let [bits, held, at, to] = [0, 0, 0, 0];
  let [size, next, before] = [9, 258, -1];
  while (to < length) {
    while (bits < size && at < data.length) {
      held = ((held << 8) | data[at++]) & 0xffffff;
      bits += 8;
    }
    if (bits < size) break;
    bits -= size;
    const code = (held >> bits) & (2 ** size - 1);
    if (code === END) break;
    if (code === CLEAR) {
      [size, next, before] = [9, 258, -1];
      continue;
    }
    // The one code used before its definition repeats the first byte of the previous string.
    const isNew = code === next && before !== -1;
    if (code >= next && !isNew) return undefined;
    const known = isNew ? before : code;
    const count = lengths[known];
    let string = known;
    for (let place = to + count - 1; place >= to; place--, string = prefix[string]) out[place] = last[string];
    const first = out[to];
    if (isNew) out[to + count] = first;
    if (before !== -1 && next < 4096) {
      prefix[next] = before;
      // Nothing is stored beyond the end of `out`, so the first byte is taken from the string itself.
      last[next] = to < length ? first : 0;
      lengths[next] = lengths[before] + 1;
      next++;
      if (next >= 2 ** size - 1 && size < 12) size++;
    }
    to += isNew ? count + 1 : count;
    before = code;
  }
  return out.subarray(0, Math.min(to, length));
}
