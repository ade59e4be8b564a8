import type { Graph, Model, Node, Value } from "../../onnx/graph.ts";
import { createFreshNames, inferModel } from "../../onnx/infer.ts";
import { normalizeModel } from "../../onnx/normalize.ts";
import { innerNames } from "../../onnx/normalize/branches.ts";
import { renameNode } from "../../onnx/normalize/rename.ts";
import { ShapeError, UnsupportedError } from "../../tensor/errors.ts";
import { randomStream } from "../../tensor/random.ts";
import { formatShape, type Shape } from "../../tensor/shape.ts";
import { float32, int64, type Tensor } from "../../tensor/tensor.ts";
import { uniformFanIn } from "../initialization.ts";
import { type ImageInput, type ImageSize, openImages } from "./images.ts";
import { replaceHead, withoutSoftmax } from "./head.ts";
import { nameTensors } from "./names.ts";
import { findTensors } from "./parameters.ts";
import { prepareModel } from "./prepare.ts";

/** Options of an import. */
export interface ImportOptions {
  /** Classes of a new classifier; the file's own classifier is kept if left out. */
  readonly classes?: number;
  /** Height and width of images; needed if the file leaves them open. */
  readonly imageSize?: ImageSize | undefined;
  /** Seeds a new classifier. */
  readonly seed: number;
  /** What it must give. Default `scores`. */
  readonly output?: NetworkOutput;
}

/**
 * What a network gives for images: `scores` [N,classes] of whole images, `maps` [N,classes,H,W], scores of every pixel, or scores
 * whose shape, without the batch, follows from an image's [C,H,W].
 */
export type NetworkOutput = "scores" | "maps" | ((image: Shape) => Shape);

/** A network from an ONNX file. */
export interface ImportedNetwork {
  /** Its structure, for `createGraphModule`: weights are inputs. */
  readonly graph: Graph;
  /** Its weights by name. */
  readonly state: ReadonlyMap<string, Tensor<"float32">>;
  readonly imageShape: ImageInput["imageShape"];
  /** Whether it takes pixels from 0 to 255, rather than ones that are normalised. */
  readonly bytes: boolean;
  /** The number of scores. */
  readonly classes: number;
  /** What was found and changed, as sentences for the user. */
  readonly notes: readonly string[];
}

/** The name of the batch in imported graphs. */
const BATCH = "N";

/**
 * Makes a network from an ONNX file, to be trained further: exported for inference, with batch norms kept or folded, or
 * for training. Its float32 weights get the names of the layers they belong to.
 *
 * @param where the file's name, for errors
 * @throws {UnsupportedError} naming an unsupported operator, or what else cannot be trained
 * @throws {ShapeError} if it does not map images to what `output` says
 */
export function importNetwork(decoded: Model, where: string, options: ImportOptions): ImportedNetwork {
  const { model, batchNorms, dropouts, quantized } = prepareModel(decoded);
  if (model.graph.outputs.length === 0) throw new UnsupportedError(where, "gives no output; must give scores");
  const opening = openImages(model.graph, where, options.imageSize);
  const { name: images, imageShape, channelsLast, bytes } = opening;
  const own = innerNames(model.graph).made;
  const others = model.graph.inputs.filter(({ name }) => name !== images && model.graph.initializers.has(name));
  const [declared] = model.graph.inputs.find(({ name }) => name === images)!.shape;
  const batch = typeof declared === "number" ? declared : BATCH;
  const opened = {
    ...model,
    graph: {
      ...(channelsLast ? withChannelsFirst(model.graph, images) : model.graph),
      inputs: [{ name: images, dtype: "float32", shape: [batch, ...imageShape] } as const, ...others],
      outputs: model.graph.outputs.map(untyped),
    },
  };
  const typed = inferModel(freeBatch(normalizeModel(opened))).graph;
  const scores = withoutSoftmax(typed);
  const { classes: wanted, seed, output = "scores" } = options;
  const classes = classesOf(scores, output, { where, imageShape });
  const graph =
    wanted === undefined
      ? scores
      : inferAgain(
          replaceHead(scores, [classes, wanted], (name, shape) => newTensor(name, shape, seed)),
          opened,
        );
  const { state, graph: structure } = extractState(graph, (name) => own.has(name));
  if (state.size === 0) throw new UnsupportedError(where, "holds no float32 weights that could be trained");
  const notes = [
    batchNorms > 0
      ? `${batchNorms} batch norms train`
      : "no batch norm is left in the file (folded into its convolutions, or never there); it is fine-tuned as it is",
    ...(dropouts > 0 ? [`${dropouts} dropout(s) drop`] : []),
    ...(quantized > 0 ? [`${quantized} quantised activations train as real numbers within their ranges`] : []),
    ...(channelsLast ? ["its images had their channels last"] : []),
    ...(bytes ? ["it takes pixels from 0 to 255"] : []),
    ...(scores === typed ? [] : ["the softmax at its end is removed: the loss takes scores"]),
    ...(decoded.graph.outputs.length > 1 ? [`only the output "${decoded.graph.outputs[0].name}" is trained`] : []),
  ];
  return { graph: structure, state, imageShape, bytes, classes: wanted ?? classes, notes };
}

/** The same graph on images with channels first: a transpose in front, which another one behind it cancels. */
function withChannelsFirst(graph: Graph, images: string): Graph {
  const freshName = createFreshNames(graph);
  const last = freshName(`${images}/channels-last`);
  const perm = { kind: "ints", value: [0, 2, 3, 1] } as const;
  const turn: Node = {
    op: "Transpose",
    domain: "",
    name: freshName(`${images}/Transpose`),
    inputs: [images],
    outputs: [last],
    attributes: new Map([["perm", perm]]),
  };
  const rename = (name: string): string => (name === images ? last : name);
  const outputs = graph.outputs.map((output) => ({ ...output, name: rename(output.name) }));
  return { ...graph, nodes: [turn, ...graph.nodes.map((node) => renameNode(node, rename))], outputs };
}

/**
 * Makes a network that was exported for one batch size take any: targets of Reshape that hold that size take the actual
 * one.
 */
function freeBatch(model: Model): Model {
  const { graph } = model;
  const [images, ...others] = graph.inputs;
  const [batch, ...imageShape] = images.shape;
  const opened = [{ ...images, shape: [BATCH, ...imageShape] }, ...others];
  if (typeof batch !== "number") return { ...model, graph: { ...graph, inputs: opened } };
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.map((node): Node => {
    const [x, targetName] = node.inputs;
    const target = node.op === "Reshape" ? graph.initializers.get(targetName) : undefined;
    if (target?.dtype !== "int64" || Number(target.data[0]) !== batch || graph.types.get(x)?.shape[0] !== batch)
      return node;
    if (Number(node.attributes.get("allowzero")?.value ?? 0) === 1) return node;
    const name = `${targetName}.any-batch`;
    initializers.set(name, int64(target.shape, [0, ...Array.from(target.data.slice(1), Number)]));
    return { ...node, inputs: [x, name] };
  });
  return { ...model, graph: { ...graph, inputs: opened, nodes, initializers, types: new Map() } };
}

/** The number of scores of each place. @throws {ShapeError} if the graph gives something else */
function classesOf(
  { outputs: [scores] }: Graph,
  output: NetworkOutput,
  { where, imageShape }: { readonly where: string; readonly imageShape: Shape },
): number {
  const [batch, classes, ...rest] = scores.shape;
  const [wantedClasses, ...places] =
    typeof output === "function" ? output(imageShape) : [undefined, ...(output === "maps" ? imageShape.slice(1) : [])];
  const isOfThatKind = rest.length === places.length && rest.every((extent, axis) => extent === places[axis]);
  if (isOfThatKind && typeof classes === "number" && batch === BATCH && classes === (wantedClasses ?? classes))
    return classes;
  const kind = places.length === 0 || wantedClasses !== undefined ? "scores" : "maps of scores";
  const wanted = `${kind} [${[BATCH, wantedClasses ?? "classes", ...places].join(",")}]`;
  throw new ShapeError(where, `gives ${scores.dtype} ${formatShape(scores.shape)}, must give ${wanted}`);
}

/** Leaves an output's type undeclared: the file's holds for its own batch and classes. */
function untyped(output: Value): Value {
  return { ...output, opaque: "of a type that is inferred" };
}

function inferAgain(graph: Graph, model: Model): Graph {
  return inferModel({ ...model, opsets: new Map(), graph: { ...graph, outputs: graph.outputs.map(untyped) } }).graph;
}

/** Initialises a new fully connected layer: weights by their fan-in, biases at zero. */
function newTensor(name: string, shape: Shape, seed: number): Tensor {
  if (shape.length < 2) return float32(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
  return float32(shape, uniformFanIn()(shape, randomStream(seed, `initialize ${name}`)));
}

/** Takes the weights out of the graph, which then has inputs with their names. */
function extractState(
  graph: Graph,
  isOwn: (name: string) => boolean,
): { readonly graph: Graph; readonly state: ReadonlyMap<string, Tensor<"float32">> } {
  const names = nameTensors(findTensors(graph, isOwn));
  const rename = (name: string): string => names.get(name) ?? name;
  const state = new Map(
    Array.from(names, ([old, name]) => [name, graph.initializers.get(old) as Tensor<"float32">] as const),
  );
  // An intermediate value may already have the name given to a weight.
  const values = graph.nodes.flatMap(({ outputs }) => outputs).filter((name) => state.has(name));
  const inner = new Map(values.map((name) => [name, `${name}:value`]));
  const replace = (name: string): string => inner.get(name) ?? rename(name);
  return {
    state,
    graph: {
      name: graph.name,
      inputs: [
        graph.inputs[0],
        ...Array.from(state, ([name, { shape }]) => ({ name, dtype: "float32", shape }) as const),
      ],
      outputs: graph.outputs.map((output) => ({ ...output, name: replace(output.name) })),
      nodes: graph.nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map(replace),
        outputs: node.outputs.map(replace),
      })),
      initializers: new Map([...graph.initializers].filter(([name]) => !names.has(name))),
      types: new Map(),
    },
  };
}
