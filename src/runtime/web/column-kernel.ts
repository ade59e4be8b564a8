import {
  type Code,
  either,
  f32,
  get,
  giveBack,
  i32,
  join,
  repeat,
  select,
  set,
  tee,
  v128,
  when,
} from "./instructions.ts";
import { FLOAT, type Kernel, type KernelPlace, largest, least, Locals, LOG_FLOAT, range, VECTOR } from "./kernel.ts";

/**
 * The parameters of ONNX Runtime's inner function that unfolds images for a convolution (im2col): rows `k` to `k +
 * countK` of the unfolded image, one row per kernel position and channel, of which it writes the points `n` to `n +
 * countN` consecutively to `column`.
 */
const parameters = { layout: 0, input: 1, column: 2, k: 3, countK: 4, n: 5, countN: 6 } as const;

/** Offsets of the convolution's parameters in `layout`, in bytes. */
const places = {
  inputWidth: 28,
  kernelHeight: 36,
  kernelWidth: 40,
  dilationY: 48,
  dilationX: 52,
  paddingTop: 60,
  paddingLeft: 64,
  strideY: 84,
  strideX: 88,
  outputWidth: 104,
  inputSize: 112,
} as const;

/** Vectors copied per jump. */
const UNROLLED = 4;

/**
 * Code that unfolds if every point of an image has a result (stride 1, and as many columns of results as of the image),
 * and returns. In this case a row of the unfolded image is the image moved by a number of points: it is copied in one
 * go, four numbers at a time, the last four overlapping the previous ones; points moved across the image's left or
 * right edge are then set to zero.
 */
export function columnKernel({ firstLocal }: KernelPlace): Kernel {
  const { declarations, integer } = new Locals(firstLocal);
  const p = parameters;
  const { layout, input, column, k, countK, n, countN } = p;
  const load = (place: keyof typeof places): Code => join(get(layout), i32.load(places[place]));
  const [width, end] = [integer(), integer()];
  const [kernelX, kernelY] = [integer(), integer()];
  /** By how many columns the image is moved, and by how many points: the columns plus whole lines. */
  const [moveX, move] = [integer(), integer()];
  /** The points that lie within the image's lines after the move. */
  const [begin, finish] = [integer(), integer()];
  const [row, count, from, last] = [integer(), integer(), integer(), integer()];
  const [line, point, pointEnd] = [integer(), integer(), integer()];

  const zero = i32.const(0);
  const bytes = (numbers: Code): Code => join(numbers, i32.const(LOG_FLOAT), i32.shiftLeft);
  const step = (local: number, amount: number): Code => set(local, get(local), i32.const(amount), i32.add);
  const minus = (one: Code, other: Code): Code => join(one, other, i32.sub);
  /** A number clamped to bounds. */
  const within = (lower: Code, number: Code, upper: Code): Code => least(largest(number, lower), upper);
  /** Writes `count` numbers: those starting at `from`, or zeros. */
  const write = (copies: boolean): Code => {
    const four = (offset: number): Code =>
      join(get(column), copies ? join(get(from), v128.load(offset)) : v128.zero, v128.store(offset));
    const one = join(get(column), copies ? join(get(from), f32.load(0)) : f32.zero, f32.store(0));
    const pass = (size: number): Code => join(step(column, size), copies ? step(from, size) : []);
    const vectors = (number: number): Code => {
      const more = join(get(column), i32.const((number - 1) * VECTOR), i32.add, get(last), i32.below);
      return join(
        more,
        when(repeat(...range(number).map((index) => four(index * VECTOR)), pass(number * VECTOR), more)),
      );
    };
    return join(
      get(count),
      i32.const(4),
      i32.atLeast,
      either(
        join(
          set(last, get(column), bytes(minus(get(count), i32.const(4))), i32.add),
          vectors(UNROLLED),
          vectors(1),
          copies ? set(from, minus(get(from), minus(get(column), get(last)))) : [],
          set(column, get(last)),
          four(0),
          step(column, VECTOR),
        ),
        join(get(count), when(repeat(one, pass(FLOAT), minus(get(count), i32.const(1)), tee(count)))),
      ),
    );
  };
  const writeZeros = (amount: Code): Code => join(set(count, amount), write(false));
  const movesRight = join(get(moveX), zero, i32.signedBelow);
  /** Zeros at the left edge of every line if the image was moved to the right, at the right edge if to the left. */
  const clearEdges = join(
    set(line, minus(get(begin), join(get(begin), get(width), i32.remainder))),
    get(line),
    get(finish),
    i32.below,
    when(
      repeat(
        set(point, get(line), join(zero, minus(get(width), get(moveX)), movesRight, select), i32.add),
        set(pointEnd, get(point), largest(get(moveX), minus(zero, get(moveX))), i32.add),
        repeat(
          minus(get(point), get(begin)),
          minus(get(finish), get(begin)),
          i32.below,
          when(get(row), bytes(minus(get(point), get(n))), i32.add, f32.zero, f32.store(0)),
          step(point, 1),
          get(point),
          get(pointEnd),
          i32.signedBelow,
        ),
        set(line, get(line), get(width), i32.add),
        get(line),
        get(finish),
        i32.below,
      ),
    ),
  );
  const nextPlace = join(
    step(kernelX, 1),
    get(kernelX),
    load("kernelWidth"),
    i32.equals,
    when(
      set(kernelX, zero),
      step(kernelY, 1),
      get(kernelY),
      load("kernelHeight"),
      i32.equals,
      when(set(kernelY, zero), set(input, get(input), bytes(load("inputSize")), i32.add)),
    ),
  );
  const writeRow = join(
    set(row, get(column)),
    set(moveX, minus(join(get(kernelX), load("dilationX"), i32.mul), load("paddingLeft"))),
    // Moving further than out of sight makes no difference.
    set(moveX, within(minus(zero, get(width)), get(moveX), get(width))),
    set(move, minus(join(get(kernelY), load("dilationY"), i32.mul), load("paddingTop")), get(width), i32.mul),
    set(begin, within(get(n), minus(zero, get(move)), get(end))),
    set(finish, within(get(begin), minus(load("inputSize"), get(move)), get(end))),
    set(move, get(move), get(moveX), i32.add),
    // Nothing lies before the image's first point or after its last to be copied.
    set(point, within(get(begin), minus(zero, get(move)), get(finish))),
    set(pointEnd, within(get(point), minus(load("inputSize"), get(move)), get(finish))),
    writeZeros(minus(get(point), get(n))),
    set(from, get(input), bytes(join(get(point), get(move), i32.add)), i32.add),
    set(count, minus(get(pointEnd), get(point))),
    write(true),
    writeZeros(minus(get(end), get(pointEnd))),
    get(moveX),
    when(clearEdges),
    nextPlace,
  );
  const code = join(
    load("strideX"),
    i32.const(1),
    i32.equals,
    load("strideY"),
    i32.const(1),
    i32.equals,
    i32.and,
    load("outputWidth"),
    load("inputWidth"),
    i32.equals,
    i32.and,
    when(
      set(width, load("outputWidth")),
      set(end, get(n), get(countN), i32.add),
      set(kernelX, get(k), load("kernelWidth"), i32.remainder),
      set(k, get(k), load("kernelWidth"), i32.divide),
      set(kernelY, get(k), load("kernelHeight"), i32.remainder),
      set(k, get(k), load("kernelHeight"), i32.divide),
      set(input, get(input), bytes(join(get(k), load("inputSize"), i32.mul)), i32.add),
      get(countK),
      when(repeat(writeRow, minus(get(countK), i32.const(1)), tee(countK))),
      giveBack,
    ),
  );
  return { locals: declarations, code };
}
