import {
  call,
  type Code,
  drop,
  f32x4,
  get,
  giveBack,
  i32,
  join,
  repeat,
  set,
  tee,
  v128,
  when,
} from "./instructions.ts";
import { FLOAT, type Kernel, type KernelPlace, Locals, LOG_FLOAT, range, VECTOR } from "./kernel.ts";

/**
 * The parameters of ONNX Runtime's inner function for C = alpha·A·B or C += alpha·A·B, float32. A [rows, depth] and C
 * [rows, columns] are row-major with rows `strideA` and `strideC` numbers apart; B is in panels of 16 columns, [depth,
 * 16] each, the last one filled with zeros. It computes some of the rows and returns how many; its caller calls again
 * for the rest.
 */
const parameters = { a: 0, b: 1, c: 2, depth: 3, rows: 4, columns: 5, strideA: 6, strideC: 7, alpha: 8 } as const;

/**
 * Rows computed at a time, and vectors of four columns: 8 sums. With 2 vectors of B, 1 of A and a product they fit into
 * the 15 vector registers that V8 has on x64.
 */
const ROWS = 4;
const VECTORS = 2;
const PANEL = 16;
/** Terms of a sum per jump. */
const UNROLLED = 4;

/**
 * Code that computes four rows by whole panels, and returns; with fewer than four rows or 16 columns it does nothing.
 * Columns after the last whole panel are left to the function itself, which computes two rows at a time. Every
 * element's terms are added in the same order as there; fused, they are merely rounded less often.
 */
export function productKernel({ self, firstLocal, fused }: KernelPlace, { adds }: { readonly adds: boolean }): Kernel {
  const { declarations, integer, vector } = new Locals(firstLocal);
  const [blocks, toNextBlock, term, bytesA, bytesC] = range(5).map(integer);
  /** Addresses of the next numbers of A's rows, of B's panel and of a row of C. */
  const [nextB, rowC, ...nextA] = range(2 + ROWS).map(integer);
  const [factor, left] = [vector(), vector()];
  const right = range(VECTORS).map(vector);
  const sums = range(ROWS).map(() => range(VECTORS).map(vector));
  const p = parameters;

  const multiplyAdd = (sum: number, factors: number): Code =>
    fused
      ? set(sum, get(left), get(factors), get(sum), f32x4.relaxedMadd)
      : set(sum, get(sum), get(left), get(factors), f32x4.mul, f32x4.add);
  /** Adds a row of B times a column of A, `place` rows and columns further on. */
  const addTerm = (place: number): Code =>
    join(
      ...right.map((factors, j) => set(factors, get(nextB), v128.load((place * PANEL + j * 4) * FLOAT))),
      ...sums.flatMap((row, i) => [
        set(left, get(nextA[i]), v128.loadSplat(place * FLOAT)),
        ...row.map((sum, j) => multiplyAdd(sum, right[j])),
      ]),
    );
  const addTerms = (count: number): Code =>
    join(
      ...range(count).map(addTerm),
      ...nextA.map((next) => set(next, get(next), i32.const(count * FLOAT), i32.add)),
      set(nextB, get(nextB), i32.const(count * PANEL * FLOAT), i32.add),
      get(term),
      i32.const(count),
      i32.sub,
      tee(term),
    );
  const sumUp = join(
    set(nextA[0], get(p.a)),
    ...nextA.slice(1).map((next, i) => set(next, get(nextA[i]), get(bytesA), i32.add)),
    set(nextB, get(p.b)),
    ...sums.flat().map((sum) => set(sum, v128.zero)),
    set(term, get(p.depth)),
    get(term),
    i32.const(UNROLLED),
    i32.atLeast,
    when(repeat(addTerms(UNROLLED), i32.const(UNROLLED), i32.atLeast)),
    get(term),
    when(repeat(addTerms(1))),
  );
  const store = (sum: number, offset: number): Code =>
    join(
      get(rowC),
      get(sum),
      get(factor),
      f32x4.mul,
      adds ? join(get(rowC), v128.load(offset), f32x4.add) : [],
      v128.store(offset),
    );
  const storeSums = join(
    set(rowC, get(p.c)),
    ...sums.flatMap((row) => [
      ...row.map((sum, j) => store(sum, j * VECTOR)),
      set(rowC, get(rowC), get(bytesC), i32.add),
    ]),
  );
  /** A panel is two blocks: the second lies beside the first, the next panel's after all of this one. */
  const advance = join(
    set(p.c, get(p.c), i32.const(VECTORS * VECTOR), i32.add),
    set(p.b, get(p.b), get(toNextBlock), i32.add),
    set(toNextBlock, get(p.depth), i32.const(Math.log2(PANEL * FLOAT)), i32.shiftLeft, get(toNextBlock), i32.sub),
  );
  const leaveTwoRows = join(
    ...[p.a, p.b, p.c, p.depth].map(get),
    i32.const(2),
    ...[p.columns, p.strideA, p.strideC, p.alpha].map(get),
    call(self),
    drop,
  );
  const passTwoRows = [
    [p.a, bytesA],
    [p.c, bytesC],
  ].map(([start, bytes]) => set(start, get(start), get(bytes), i32.const(1), i32.shiftLeft, i32.add));

  const code = join(
    get(p.rows),
    i32.const(ROWS),
    i32.atLeast,
    get(p.columns),
    i32.const(PANEL),
    i32.atLeast,
    i32.and,
    when(
      set(bytesA, get(p.strideA), i32.const(LOG_FLOAT), i32.shiftLeft),
      set(bytesC, get(p.strideC), i32.const(LOG_FLOAT), i32.shiftLeft),
      set(factor, get(p.alpha), f32x4.splat),
      set(blocks, get(p.columns), i32.const(4), i32.shiftRight, i32.const(1), i32.shiftLeft),
      set(toNextBlock, i32.const(VECTORS * VECTOR)),
      repeat(sumUp, storeSums, advance, get(blocks), i32.const(1), i32.sub, tee(blocks)),
      set(p.columns, get(p.columns), i32.const(PANEL - 1), i32.and),
      get(p.columns),
      when(leaveTwoRows, ...passTwoRows, leaveTwoRows),
      i32.const(ROWS),
      giveBack,
    ),
  );
  return { locals: declarations, code };
}
