import type { SymbolicShape } from "../../tensor/shape.ts";
import type { NormalizeRule, Rewriting } from "./rewriting.ts";

/** One operand: its name, and a letter for each axis. */
interface Lettered {
  readonly name: string;
  readonly letters: readonly string[];
}

const unique = (letters: readonly string[]): boolean => new Set(letters).size === letters.length;

/** Reads "ij,jk->ik". Without an arrow the result has the letters that occur once, in alphabetical order. */
function readEquation(rewriting: Rewriting): { readonly operands: readonly string[]; readonly result: string } {
  const equation = rewriting.text("equation", "").replaceAll(/\s/g, "");
  if (!/^[A-Za-z]*(,[A-Za-z]*)*(->[A-Za-z]*)?$/.test(equation))
    rewriting.refuse(`has the equation "${equation.slice(0, 80)}"; only letters, commas and one arrow are known`);
  const [left, given] = equation.split("->");
  const letters = Array.from(left.replaceAll(",", ""));
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).toSorted();
  return { operands: left.split(","), result: given ?? once.join("") };
}

/** Sums over the axes that neither the result nor another operand has. */
function sumLonely(rewriting: Rewriting, operand: Lettered, needed: ReadonlySet<string>): Lettered {
  const axes = operand.letters.flatMap((letter, axis) => (needed.has(letter) ? [] : [axis]));
  if (axes.length === 0) return operand;
  const name = rewriting.add("ReduceSum", [operand.name, rewriting.wholes(axes)], { keepdims: 0 });
  return { name, letters: operand.letters.filter((letter) => needed.has(letter)) };
}

function orderAxes(rewriting: Rewriting, { name, letters }: Lettered, order: readonly string[]): string {
  const perm = order.map((letter) => letters.indexOf(letter));
  return perm.every((axis, at) => axis === at) ? name : rewriting.add("Transpose", [name], { perm });
}

/** Reshapes to extents, one of which may be open. */
function reshape(rewriting: Rewriting, name: string, shape: SymbolicShape): string {
  if (shape.filter((extent) => typeof extent === "string").length > 1)
    rewriting.refuse("has more than one axis of open extent");
  return rewriting.add("Reshape", [
    name,
    rewriting.wholes(shape.map((extent) => (typeof extent === "number" ? extent : -1))),
  ]);
}

/** The extents of some letters merged into one, open if one of them is. */
const joined = (extents: SymbolicShape): number | string =>
  extents.find((extent) => typeof extent === "string") ??
  extents.reduce<number>((product, extent) => product * Number(extent), 1);

/** A product of two operands: batch axes stay, shared ones are summed, in one matrix product. */
function multiplyPair(
  rewriting: Rewriting,
  [a, b]: readonly [Lettered, Lettered],
  kept: ReadonlySet<string>,
  extentOf: (letter: string) => number | string,
): Lettered {
  const shared = a.letters.filter((letter) => b.letters.includes(letter));
  const batch = shared.filter((letter) => kept.has(letter));
  const summed = shared.filter((letter) => !kept.has(letter));
  const rows = a.letters.filter((letter) => !shared.includes(letter));
  const columns = b.letters.filter((letter) => !shared.includes(letter));
  const extents = (letters: readonly string[]): SymbolicShape => letters.map(extentOf);
  const matrix = (operand: Lettered, order: readonly (readonly string[])[]): string =>
    reshape(
      rewriting,
      orderAxes(rewriting, operand, order.flat()),
      order.map((letters) => joined(extents(letters))),
    );
  const left = matrix(a, [batch, rows, summed]);
  const right = matrix(b, [batch, summed, columns]);
  const letters = [...batch, ...rows, ...columns];
  const product = rewriting.add("MatMul", [left, right]);
  return { name: reshape(rewriting, product, extents(letters)), letters };
}

/** Sums of products, written as transposes and matrix products, from left to right. @source ONNX, Einsum-12 */
const einsum: NormalizeRule = (rewriting) => {
  const { operands, result } = readEquation(rewriting);
  const extents = new Map<string, number | string>();
  const lettered = operands.map((text, index): Lettered => {
    const letters = Array.from(text);
    const { shape } = rewriting.type(index);
    if (!unique(letters) || letters.length !== shape.length)
      rewriting.refuse(`names ${letters.length} axes "${text}" of its input ${index}, which has ${shape.length}`);
    letters.forEach((letter, axis) => {
      if ((extents.get(letter) ?? shape[axis]) !== shape[axis])
        rewriting.refuse(`gives "${letter}" the extents ${extents.get(letter)} and ${shape[axis]}`);
      extents.set(letter, shape[axis]);
    });
    return { name: rewriting.input(index), letters };
  });
  if (
    lettered.length !== rewriting.node.inputs.length ||
    !unique(Array.from(result)) ||
    Array.from(result).some((at) => !extents.has(at))
  )
    rewriting.refuse(`has ${rewriting.node.inputs.length} inputs, which its equation does not fit`);
  const neededAfter = (index: number): ReadonlySet<string> =>
    new Set([...Array.from(result), ...lettered.slice(index + 1).flatMap(({ letters }) => letters)]);
  const [first, ...others] = lettered;
  const ownNeeds = neededAfter(0);
  const total = others.reduce<Lettered>(
    (sofar, other, at) => {
      const kept = neededAfter(at + 1);
      const lonely = sumLonely(rewriting, other, new Set([...kept, ...sofar.letters]));
      return multiplyPair(rewriting, [sofar, lonely], kept, (letter) => extents.get(letter)!);
    },
    sumLonely(rewriting, first, ownNeeds),
  );
  rewriting.replace(rewriting.node.outputs[0], orderAxes(rewriting, total, Array.from(result)));
};

export const einsumRules: Readonly<Record<string, NormalizeRule>> = { Einsum: einsum };
