import { pruneGraph } from "../onnx/builder.ts";
import type { Graph, Node, TensorType } from "../onnx/graph.ts";
import type { SymbolicShape } from "../tensor/shape.ts";
import { int64, type Tensor } from "../tensor/tensor.ts";

const broadcasting: ReadonlySet<string> = new Set(["Add", "Div", "Max", "Min", "Mul", "Pow", "Sub"]);

const isOne = (extent: number | string): boolean => extent === 1;

/** Whether the runtime would combine a scalar of fewer axes with one element at a time. */
function endsInOnes(shape: SymbolicShape): boolean {
  return shape.length > 1 && shape.at(-1) === 1 && !shape.every(isOne);
}

/** The graph being built: the known types of its values, and its nodes so far. */
interface Draft {
  readonly types: Map<string, TensorType>;
  readonly initializers: Map<string, Tensor>;
  readonly nodes: Node[];
}

/** The scalar with this many axes of extent 1; made on first use. */
function withAxes({ types, initializers, nodes }: Draft, scalar: string, axes: number): string {
  const name = `${scalar}:axes${axes}`;
  if (types.has(name)) return name;
  const shape = Array<number>(axes).fill(1);
  types.set(name, { dtype: types.get(scalar)!.dtype, shape });
  const value = initializers.get(scalar);
  if (value !== undefined) {
    initializers.set(name, { ...value, shape });
    return name;
  }
  const target = `${name}/shape`;
  initializers.set(target, int64([axes], shape));
  nodes.push({ op: "Reshape", domain: "", name, inputs: [scalar, target], outputs: [name], attributes: new Map() });
  return name;
}

/**
 * Gives scalar operands as many axes as the other operand, if that one's last extents are 1.
 *
 * ONNX Runtime's kernels merge the axes that two operands share into one long run, but start with the last axis alone
 * when the other operand is a scalar: a weight `[2048, 512, 1, 1]` times a scalar is a million runs of one element, and
 * takes 25 times as long as times a `[1, 1, 1, 1]`. The optimizer of a network with 1×1 convolutions is full of these.
 */
export function matchScalarRanks(graph: Graph): Graph {
  const draft: Draft = {
    types: new Map<string, TensorType>([
      ...graph.inputs.map((input) => [input.name, input] as const),
      ...graph.initializers,
      ...graph.types,
    ]),
    initializers: new Map(graph.initializers),
    nodes: [],
  };
  for (const node of graph.nodes) {
    const shapes = node.inputs.map((input) => draft.types.get(input)?.shape);
    const axes = shapes.find((shape) => shape !== undefined && endsInOnes(shape))?.length;
    const matches = node.domain === "" && broadcasting.has(node.op) && axes !== undefined;
    const inputs = node.inputs.map((input, index) => {
      const shape = shapes[index];
      return matches && shape?.every(isOne) && shape.length < axes ? withAxes(draft, input, axes) : input;
    });
    draft.nodes.push(matches ? { ...node, inputs } : node);
  }
  return pruneGraph({ ...graph, ...draft });
}
