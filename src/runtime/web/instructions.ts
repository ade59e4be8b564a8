/**
 * Bytes of WebAssembly instructions, so that code can be put together in words.
 * Source: the WebAssembly specification, chapter "Binary Format"; `relaxedMadd` is of the relaxed SIMD proposal.
 */
export type Code = readonly number[];

/** An unsigned integer in LEB128. */
export function unsigned(value: number): Code {
  const bytes = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push(0x80 | (rest & 0x7f));
  return [...bytes, rest];
}

/** A signed integer of 32 bits in LEB128. */
export function signed(value: number): Code {
  const bytes = [];
  let rest = value;
  for (; rest < -0x40 || rest > 0x3f; rest >>= 7) bytes.push(0x80 | (rest & 0x7f));
  return [...bytes, rest & 0x7f];
}

/** Types of values, and the empty type of a block. */
export const types = { i32: 0x7f, f32: 0x7d, v128: 0x7b, empty: 0x40 } as const;

export const join = (...parts: readonly Code[]): Code => parts.flat();
export const get = (local: number): Code => [0x20, ...unsigned(local)];
/** Computes a value and stores it in a local. */
export const set = (local: number, ...value: readonly Code[]): Code => [...value.flat(), 0x21, ...unsigned(local)];
/** Stores the value on the stack in a local, and leaves it there. */
export const tee = (local: number): Code => [0x22, ...unsigned(local)];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  add: [0x6a],
  sub: [0x6b],
  and: [0x71],
  shiftLeft: [0x74],
  /** Of an unsigned number. */
  shiftRight: [0x76],
  /** Of unsigned numbers. */
  atLeast: [0x4f],
} as const;

const simd = (opcode: number): Code => [0xfd, ...unsigned(opcode)];
const UNALIGNED = 0;

export const v128 = {
  zero: [...simd(0x0c), ...Array.from({ length: 16 }, () => 0)] as Code,
  load: (offset: number): Code => [...simd(0x00), UNALIGNED, ...unsigned(offset)],
  /** One float32 into all four lanes. */
  loadSplat: (offset: number): Code => [...simd(0x09), UNALIGNED, ...unsigned(offset)],
  store: (offset: number): Code => [...simd(0x0b), UNALIGNED, ...unsigned(offset)],
};

export const f32x4: Readonly<Record<"splat" | "add" | "mul" | "relaxedMadd", Code>> = {
  splat: simd(0x13),
  add: simd(0xe4),
  mul: simd(0xe6),
  /** a·b + c, rounded once where the processor can, twice where it cannot. */
  relaxedMadd: simd(0x105),
};

/** Runs its body where the value on the stack is not zero. */
export const when = (...body: readonly Code[]): Code => [0x04, types.empty, ...body.flat(), 0x0b];
/** Runs its body once, and again as long as the body leaves something else than zero. */
export const repeat = (...body: readonly Code[]): Code => [0x03, types.empty, ...body.flat(), 0x0d, 0, 0x0b];
export const call = (index: number): Code => [0x10, ...unsigned(index)];
export const drop: Code = [0x1a];
export const giveBack: Code = [0x0f];
