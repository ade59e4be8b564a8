import type { Graph, Node, Value } from "../../onnx/graph.ts";
import { sameShape, type Shape, sizeOf, type SymbolicShape } from "../../tensor/shape.ts";
import { type Draft, rebuildGraph } from "../rewrite.ts";

/** Above this, a product of matrices of one row is no longer sure to fit into what a device starts at once. */
const MOST_ELEMENTS = 2 ** 22;

const isStatic = (shape: SymbolicShape): shape is Shape => shape.every((extent) => typeof extent === "number");
const isScalar = ({ dtype, shape }: Value): boolean => dtype === "float32" && isStatic(shape) && sizeOf(shape) === 1;

/** The graph that is written, and what is known of the one that is read. */
interface SumDraft extends Draft {
  readonly makers: ReadonlyMap<string, Node>;
  /** How often a value is read. */
  readonly uses: ReadonlyMap<string, number>;
  /** Values that a sum takes first. */
  readonly extended: ReadonlySet<string>;
  /** What is fed, such as parameters and their momentum. */
  readonly fed: ReadonlySet<string>;
}

/** A term of a sum: factor · x, the factor a number or a scalar of the graph. */
interface Term {
  readonly x: Value;
  readonly factor: number | Value;
}

/** What an operand is a multiple of, if it is made for this sum alone. */
function readTerm({ g, values, makers, uses }: SumDraft, name: string): Term {
  const own: Term = { x: values.get(name)!, factor: 1 };
  const node = makers.get(name);
  if (node?.op !== "Mul" || node.domain !== "" || uses.get(name) !== 1) return own;
  const [a, b] = node.inputs.map((input) => values.get(input)!);
  const [x, scalar] = isScalar(b) ? [a, b] : [b, a];
  if (!isScalar(scalar) || !sameShape(x.shape, own.x.shape)) return own;
  const known = g.constantOf(scalar);
  return { x, factor: known === undefined ? scalar : Number(known.data[0]) };
}

/**
 * s·x ± y of one shape as one product of matrices, whose kernel adds: α·[s]·[x] + β·[y]. Planes of activations are left alone: the
 * device stores them with the channels last, and a row of them would first have to be put in order.
 */
function writeScaledSum(draft: SumDraft, node: Node): Value | undefined {
  const { g, values } = draft;
  const [first, second] = node.inputs.map((name) => values.get(name)!);
  const { shape } = first;
  if (first.dtype !== "float32" || !isStatic(shape) || !isStatic(second.shape)) return undefined;
  const count = sizeOf(shape);
  if (!sameShape(shape, second.shape) || count === 1 || count > MOST_ELEMENTS) return undefined;
  const [left, right] = node.inputs.map((name) => readTerm(draft, name));
  const sign = node.op === "Sub" ? -1 : 1;
  // The term that is added is a constant multiple, or taken as it is; the other may have any factor.
  const [scaled, scaledSign, other, addedSign, whole] =
    typeof left.factor === "number" && (typeof right.factor !== "number" || left.factor === 1)
      ? [right, sign, left, 1, first]
      : [left, 1, right, sign, second];
  const added = typeof other.factor === "number" ? { x: other.x, factor: other.factor } : { x: whole, factor: 1 };
  if (scaled.factor === 1) return undefined;
  if (shape.length > 2 && !draft.fed.has(scaled.x.name) && !draft.fed.has(added.x.name)) return undefined;
  const row = g.ints([1, count]);
  const one = typeof scaled.factor === "number";
  const factor = one ? g.fill(1, [1, 1]) : g.op("Reshape", [scaled.factor, g.ints([1, 1])]);
  const sum = g.op("Gemm", [factor, g.op("Reshape", [scaled.x, row]), g.op("Reshape", [added.x, row])], {
    alpha: scaledSign * (one ? scaled.factor : 1),
    beta: addedSign * added.factor,
  });
  return g.op("Reshape", [sum, g.ints(shape)]);
}

/** The scalars that a chain of sums adds up, if every sum before the last is read by the next one alone. */
function readScalars({ values, makers, uses }: SumDraft, node: Node): readonly Value[] {
  const terms: Value[] = [];
  for (let last = node; ;) {
    const [first, second] = last.inputs;
    terms.push(values.get(second)!);
    const before = makers.get(first);
    if (before?.op !== "Add" || uses.get(first) !== 1 || !before.inputs.every((name) => isScalar(values.get(name)!)))
      return [...terms, values.get(first)!].toReversed();
    last = before;
  }
}

/** A long sum of scalars, such as that of all squared norms, as one sum. */
function writeScalarSum(draft: SumDraft, node: Node): Value | undefined {
  const { g, values, uses, extended } = draft;
  const [result] = node.outputs;
  // The last sum of the chain takes all of it.
  if (extended.has(result) && uses.get(result) === 1) return undefined;
  if (node.op !== "Add" || !node.inputs.every((name) => isScalar(values.get(name)!))) return undefined;
  const terms = readScalars(draft, node);
  if (terms.length < 4 || terms.some(({ shape }) => shape.length > 0)) return undefined;
  const together = g.op(
    "Concat",
    terms.map((term) => g.op("Reshape", [term, g.ints([1])])),
    { axis: 0 },
  );
  return g.op("ReduceSum", [together, g.ints([0])], { keepdims: 0 });
}

/**
 * Writes the small arithmetic of a step in fewer operators, each of which is a kernel that is started for itself on a graphics
 * processor: multiples that are added, as of optimizers and running statistics, and long sums of scalars.
 */
export function fuseSums(graph: Graph): Graph {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const uses = new Map<string, number>();
  const count = (name: string): void => void uses.set(name, (uses.get(name) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(count);
  // An output must stay a value of its own.
  for (const { name } of graph.outputs) uses.set(name, Number.POSITIVE_INFINITY);
  const extended = new Set(graph.nodes.flatMap(({ op, inputs }) => (op === "Add" ? [inputs[0]] : [])));
  const fed = new Set(graph.inputs.map(({ name }) => name));
  return rebuildGraph(graph, (own) => {
    const draft: SumDraft = { ...own, makers, uses, extended, fed };
    return (node) => {
      if (node.domain !== "" || (node.op !== "Add" && node.op !== "Sub")) return undefined;
      const fused = writeScalarSum(draft, node) ?? writeScaledSum(draft, node);
      return fused && [fused];
    };
  });
}
