/**
 * Half-precision numbers as their 16 bits.
 * float16 has 5 bits of exponent and 10 of fraction, bfloat16 has 8 and 7: the upper half of a float32.
 *
 * @source IEEE 754-2008, section 3.6; numbers are rounded to nearest, ties to even
 */
const float16Infinity = 0x7c00;
const float16QuietNaN = 0x7e00;
/** 65520: halfway between float16's largest number and the next one it would have; it rounds to infinity. */
const float32Overflow = 0x477ff000;
/** 2⁻¹⁴: float16's smallest normal number. */
const float32Normal = 0x38800000;
/** The exponents' biases differ by 127 − 15. */
const biasDifference = (127 - 15) << 23;

let float16Values: Float32Array | undefined;

/** The values of float16 bits; exact. */
export function float16ToFloat32(bits: Uint16Array): Float32Array {
  float16Values ??= Float32Array.from({ length: 65536 }, (_, index) => expandFloat16(index));
  const values = new Float32Array(bits.length);
  for (let index = 0; index < bits.length; index++) values[index] = float16Values[bits[index]]!;
  return values;
}

/** Float16 bits of numbers, rounded to nearest even; beyond ±65504 they become infinite. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(words, (word, index) => roundToFloat16(word, values[index]));
}

/** The values of bfloat16 bits; exact. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  const words = Uint32Array.from(bits, (half) => half << 16);
  return new Float32Array(words.buffer);
}

/** Bfloat16 bits of numbers, rounded to nearest even. */
export function float32ToBfloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(words, (word) => {
    if ((word & 0x7fffffff) > 0x7f800000) return (word >>> 16) | 0x40;
    return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  });
}

function expandFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}

function roundToFloat16(word: number, value: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | float16QuietNaN;
  if (magnitude >= float32Overflow) return sign | float16Infinity;
  if (magnitude >= float32Normal) {
    const rebiased = magnitude - biasDifference;
    return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
  }
  // Subnormal: a multiple of 2⁻²⁴. Adding 2⁵² leaves a double no fraction bits, so it rounds to nearest even.
  return sign | (Math.abs(value) * 2 ** 24 + 2 ** 52 - 2 ** 52);
}
