/**
 * Bytes of WebAssembly instructions, so that code can be written in words. Source: the WebAssembly specification,
 * chapter "Binary Format"; `relaxedMadd` is from the relaxed SIMD proposal.
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
function signed(value: number): Code {
  const bytes = [];
  let rest = value;
  for (; rest < -0x40 || rest > 0x3f; rest >>= 7) bytes.push(0x80 | (rest & 0x7f));
  return [...bytes, rest & 0x7f];
}

/** Ends a function or block. */
export const END = 0x0b;

/** Value types, and the empty block type. */
export const types = { i32: 0x7f, f32: 0x7d, v128: 0x7b, empty: 0x40 } as const;

export const join = (...parts: readonly Code[]): Code => parts.flat();
export const get = (local: number): Code => [0x20, ...unsigned(local)];
/** Computes a value and stores it in a local. */
export const set = (local: number, ...value: readonly Code[]): Code => [...value.flat(), 0x21, ...unsigned(local)];
/** Stores the value on the stack in a local, and leaves it on the stack. */
export const tee = (local: number): Code => [0x22, ...unsigned(local)];

const memory = (opcode: number, align: number, offset: number): Code => [opcode, align, ...unsigned(offset)];
const UNALIGNED = 0;
/** Alignment of addresses of four-byte numbers, as a power of two. */
const WORD = 2;

/** For whole numbers; unless a name says otherwise, their sign does not matter or they have none. */
export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: (offset: number): Code => memory(0x28, WORD, offset),
  equals: [0x46],
  below: [0x49],
  signedBelow: [0x48],
  atLeast: [0x4f],
  add: [0x6a],
  sub: [0x6b],
  mul: [0x6c],
  divide: [0x6e],
  remainder: [0x70],
  and: [0x71],
  shiftLeft: [0x74],
  shiftRight: [0x76],
} as const;

export const f32 = {
  zero: [0x43, 0, 0, 0, 0],
  load: (offset: number): Code => memory(0x2a, WORD, offset),
  store: (offset: number): Code => memory(0x38, WORD, offset),
} as const;

const simd = (opcode: number): Code => [0xfd, ...unsigned(opcode)];

export const v128 = {
  zero: [...simd(0x0c), ...Array.from({ length: 16 }, () => 0)] as Code,
  load: (offset: number): Code => [...simd(0x00), UNALIGNED, ...unsigned(offset)],
  /** Puts one float32 into all four lanes. */
  loadSplat: (offset: number): Code => [...simd(0x09), UNALIGNED, ...unsigned(offset)],
  store: (offset: number): Code => [...simd(0x0b), UNALIGNED, ...unsigned(offset)],
};

export const f32x4: Readonly<Record<"splat" | "add" | "mul" | "relaxedMadd", Code>> = {
  splat: simd(0x13),
  add: simd(0xe4),
  mul: simd(0xe6),
  /** a·b + c, rounded once if the processor can, otherwise twice. */
  relaxedMadd: simd(0x105),
};

/** Selects from the two values below the top of the stack: the first if the top is not zero, otherwise the second. */
export const select: Code = [0x1b];
/** Runs its body if the value on the stack is not zero. */
export const when = (...body: readonly Code[]): Code => [0x04, types.empty, ...body.flat(), END];
/** Runs the first body if the value on the stack is not zero, otherwise the second. */
export const either = (first: Code, second: Code): Code => [0x04, types.empty, ...first, 0x05, ...second, END];
/** Runs its body once, and again as long as the body leaves a value other than zero. */
export const repeat = (...body: readonly Code[]): Code => [0x03, types.empty, ...body.flat(), 0x0d, 0, END];
export const call = (index: number): Code => [0x10, ...unsigned(index)];
export const drop: Code = [0x1a];
export const giveBack: Code = [0x0f];
