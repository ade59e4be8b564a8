/** @typedef {import("../../dist/tensor/random.js").RandomStream} Stream */
/** @typedef {(bytes: Uint8Array, draw: Stream, other: Uint8Array) => Uint8Array} Mutation */

/** Numbers at which readers tend to go wrong: signs, overflows, sizes just beyond memory. */
const telling = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0xffffn,
  0xff_ffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  2n ** 40n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];
/** Digits that stand for a number in a text. */
const tellingTexts = [
  "0",
  "-1",
  "1e999",
  "-0",
  "4294967296",
  "9007199254740993",
  "1e-400",
  "99999999999999999999",
  "0.5",
];
const tellingJson = [
  "null",
  "[]",
  "{}",
  '""',
  "true",
  '"__proto__"',
  "[[[[[[[[[[]]]]]]]]]]",
  '"\\u0000\\n\\u001b[31m"',
];

/**
 * A place in the file: mostly where something other than zeros stands, near the head or the end, as structure does. Weights are
 * zero in the seeds for that reason.
 *
 * @param {Uint8Array} bytes
 * @param {Stream} draw
 */
function placeIn(bytes, draw) {
  const { length } = bytes;
  if (length === 0) return 0;
  const near = Math.min(length, 512);
  const chance = draw.uniform();
  if (chance < 0.25) return draw.integer(near);
  if (chance < 0.4) return length - 1 - draw.integer(near);
  for (let attempt = 0; attempt < 64; attempt++) {
    const place = draw.integer(length);
    if (bytes[place] !== 0) return place;
  }
  return draw.integer(length);
}

/** @param {Uint8Array} bytes @param {number} from @param {number} until @param {Uint8Array} inserted */
function replaced(bytes, from, until, inserted) {
  return Uint8Array.from(Buffer.concat([bytes.subarray(0, from), inserted, bytes.subarray(until)]));
}

/** @type {Mutation} */
function flipBits(bytes, draw) {
  const out = bytes.slice();
  for (let count = 1 + draw.integer(4); count > 0 && out.length > 0; count--)
    out[placeIn(out, draw)] ^= 1 << draw.integer(8);
  return out;
}

/** @type {Mutation} */
const truncate = (bytes, draw) =>
  bytes.slice(0, draw.uniform() < 0.5 ? placeIn(bytes, draw) : draw.integer(bytes.length + 1));

/** A length or offset of 1, 2, 4 or 8 bytes, either way round, or a varint. @type {Mutation} */
function setNumber(bytes, draw) {
  const value = telling[draw.integer(telling.length)];
  if (draw.uniform() < 0.25) return setVarint(bytes, draw, value);
  const width = 2 ** draw.integer(4);
  const number = Uint8Array.from({ length: width }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn));
  if (draw.uniform() < 0.5) number.reverse();
  const place = Math.max(0, Math.min(placeIn(bytes, draw), bytes.length - width));
  return replaced(bytes, place, Math.min(bytes.length, place + width), number);
}

/** @param {Uint8Array} bytes @param {Stream} draw @param {bigint} value */
function setVarint(bytes, draw, value) {
  const number = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) number.push(Number(rest & 0x7fn) | 0x80);
  number.push(Number(rest));
  const place = placeIn(bytes, draw);
  let until = place;
  while (until < bytes.length && (bytes[until] & 0x80) !== 0 && until < place + 9) until++;
  return replaced(bytes, place, until + 1, Uint8Array.from(number));
}

/** Nudges a byte by a little: an index that is one too far. @type {Mutation} */
function nudge(bytes, draw) {
  const out = bytes.slice();
  const place = placeIn(out, draw);
  if (out.length > 0) out[place] += draw.uniform() < 0.5 ? 1 : 255;
  return out;
}

/** A part is removed, said twice, or taken from another file. @type {Mutation} */
function splice(bytes, draw, other) {
  const from = placeIn(bytes, draw);
  const until = Math.min(bytes.length, from + 1 + draw.integer(draw.uniform() < 0.7 ? 32 : Math.max(1, bytes.length)));
  const chance = draw.uniform();
  if (chance < 0.35) return replaced(bytes, from, until, new Uint8Array(0));
  if (chance < 0.7) return replaced(bytes, from, from, bytes.subarray(from, until));
  const start = placeIn(other, draw);
  return replaced(bytes, from, until, other.subarray(start, start + (until - from)));
}

/** A part many times over. @type {Mutation} */
function repeat(bytes, draw) {
  const from = placeIn(bytes, draw);
  const part = bytes.subarray(from, from + 1 + draw.integer(24));
  const count = Math.min(2 ** (3 + draw.integer(13)), Math.floor(2 ** 21 / part.length));
  return replaced(bytes, from, from, Uint8Array.from(Buffer.concat(Array.from({ length: count }, () => part))));
}

/** Another number or value in a text; the first that stands at or after a place. @type {Mutation} */
function setText(bytes, draw) {
  const text = Buffer.from(bytes).toString("latin1");
  const isNumber = draw.uniform() < 0.6;
  const pattern = isNumber ? /-?\d+(\.\d+)?([eE][-+]?\d+)?/g : /"[^"\n]{0,64}"|true|false|null|\[[^\][]*\]/g;
  pattern.lastIndex = placeIn(bytes, draw);
  const found = pattern.exec(text) ?? new RegExp(pattern).exec(text);
  if (found === null) return flipBits(bytes, draw, bytes);
  const values = isNumber && draw.uniform() < 0.7 ? tellingTexts : tellingJson;
  const value = Buffer.from(values[draw.integer(values.length)], "latin1");
  return replaced(bytes, found.index, found.index + found[0].length, value);
}

/** @type {readonly Mutation[]} */
const mutations = [flipBits, flipBits, truncate, setNumber, setNumber, nudge, splice, splice, repeat, setText];

/**
 * One to three mutations, one after another.
 *
 * @param {Uint8Array} bytes
 * @param {Stream} draw
 * @param {Uint8Array} other another file of the format, to take parts from
 */
export function mutate(bytes, draw, other) {
  // A copy, and no Buffer, whose slices are not copies.
  /** @type {Uint8Array} */
  let out = Uint8Array.from(bytes);
  for (let count = 1 + Math.floor(3 * draw.uniform() ** 2); count > 0; count--)
    out = mutations[draw.integer(mutations.length)](out, draw, other);
  return out;
}
