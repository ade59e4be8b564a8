import { type Code, i32, join, select, types } from "./instructions.ts";

/** Where a kernel is placed: in front of the code of a function whose work it does faster. */
export interface KernelPlace {
  /** The function. */
  readonly self: number;
  /** The first index after the function's parameters and locals. */
  readonly firstLocal: number;
  /** Whether to multiply and add in one instruction. */
  readonly fused: boolean;
}

/** Code that does a function's work and returns, or leaves it to the code after it. */
export interface Kernel {
  /** Declarations of the locals that it needs, in order. */
  readonly locals: readonly Code[];
  readonly code: Code;
}

/** Numbers locals as they are requested. */
export class Locals {
  readonly declarations: Code[] = [];
  readonly #first: number;

  constructor(first: number) {
    this.#first = first;
  }

  #declare(type: number): number {
    this.declarations.push([1, type]);
    return this.#first + this.declarations.length - 1;
  }

  readonly integer = (): number => this.#declare(types.i32);
  readonly vector = (): number => this.#declare(types.v128);
}

export const FLOAT = 4;
export const LOG_FLOAT = 2;
export const VECTOR: number = 4 * FLOAT;

export const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** The smaller of two signed numbers, each given as the code that computes it. */
export const least = (one: Code, other: Code): Code => join(one, other, one, other, i32.signedBelow, select);
/** The larger of two signed numbers. */
export const largest = (one: Code, other: Code): Code => join(other, one, one, other, i32.signedBelow, select);
