import { stepNames } from "../compile/step/names.ts";
import { type ImageInput, openImages } from "../nn/imported/images.ts";
import type { Graph, Model, Node } from "../onnx/graph.ts";
import type { Runtime, RuntimeTensor, Session } from "../runtime/runtime.ts";
import { float32ToFloat16 } from "../tensor/half.ts";
import { FormatError, OptionError, ShapeError, UnsupportedError } from "../tensor/errors.ts";
import { quote } from "../tensor/printable.ts";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { dtypeArrays } from "../tensor/dtype.ts";
import { float32, isDtype, type Tensor } from "../tensor/tensor.ts";
import { toFloat32 } from "../weights/to-float32.ts";
import type { ChannelStatistics, NetworkCard } from "./card.ts";
import { describeGuess, normalizationOf, type PixelScale } from "./pixel-scale.ts";

/** User-supplied facts about a classifier of another system, which does not describe itself. */
export interface ForeignChoice {
  /** Height and width of images, if the file leaves them open. Default 224. */
  readonly imageSize?: number;
  /** Names of its classes; numbers if left out. */
  readonly classes?: readonly string[];
  /** Default: ImageNet's for three channels, else unchanged. */
  readonly pixels?: PixelScale;
}

/** @throws {OptionError} if an option is given for a file that states it itself */
export function refuseForeignChoice(choice: ForeignChoice = {}, where: string): void {
  const [given] = Object.keys(choice);
  if (given !== undefined)
    throw new OptionError(given, `${where} says it itself; leave it out: it is for files of other systems`);
}

/** @throws {FormatError} if a graph has no outputs */
export function requireOutputs({ graph }: Model, where: string): void {
  if (graph.outputs.length === 0) throw new FormatError(where, "gives no output; a network must give scores");
}

const loops: ReadonlySet<string> = new Set(["Loop", "Scan"]);

/** @throws {UnsupportedError} naming a node that loops: the number of iterations is unknown until it has run */
export function refuseLoops({ graph, rest }: Model, where: string): void {
  const find = (nodes: readonly Node[]): Node | undefined => {
    for (const node of nodes) {
      if (loops.has(node.op)) return node;
      for (const attribute of node.attributes.values()) {
        const inner = attribute.kind === "graph" ? find(attribute.value.nodes) : undefined;
        if (inner !== undefined) return inner;
      }
    }
    return undefined;
  };
  const functions = (rest?.["functions"] ?? []) as readonly { readonly node: readonly { readonly opType: string }[] }[];
  const called = functions.flatMap(({ node }) => node).find(({ opType }) => loops.has(opType));
  const found = find(graph.nodes)?.op ?? called?.opType;
  if (found !== undefined)
    throw new UnsupportedError(
      where,
      `has the operator ${quote(found)}, which may run for ever; no such network is run`,
    );
}

const STANDARD_SIZE = 224;

/** The image shape of a graph, with a standard size if neither it nor the user gives one. */
function readImages(
  graph: Graph,
  where: string,
  { imageSize }: ForeignChoice,
  onNote: (text: string) => void,
): ImageInput {
  const open = openImages(graph, where, imageSize ?? STANDARD_SIZE);
  const { shape } = graph.inputs.find(({ name }) => name === open.name)!;
  const [height, width] = open.channelsLast ? [shape[1], shape[2]] : [shape[2], shape[3]];
  const isOpen = typeof height === "string" || typeof width === "string";
  if (imageSize !== undefined && !(isOpen || (height === imageSize && width === imageSize)))
    throw new OptionError(
      "imageSize",
      `is ${imageSize}, but ${where} takes images of ${height}×${width}; leave it out`,
    );
  if (isOpen && imageSize === undefined)
    onNote(
      `${where}: leaves the size of images open; ${STANDARD_SIZE}×${STANDARD_SIZE} is taken; \`imageSize\` changes that`,
    );
  const [channels] = open.imageShape;
  const own = [height, width].map((extent) => (typeof extent === "number" ? extent : (imageSize ?? STANDARD_SIZE)));
  return { ...open, imageShape: [channels, own[0], own[1]] };
}

function chooseScale(
  input: ImageInput,
  where: string,
  { pixels }: ForeignChoice,
  onNote: (text: string) => void,
): ChannelStatistics {
  const [channels] = input.imageShape;
  const scale = pixels ?? (input.bytes ? "bytes" : channels === 3 ? "imagenet" : "unit");
  if (input.bytes && scale !== "bytes")
    throw new OptionError("pixels", `is ${scale}, but ${where} takes whole numbers; it must be bytes`);
  if (pixels === undefined && !input.bytes) onNote(describeGuess(scale, where));
  return normalizationOf(scale, channels, where);
}

/** `[N,C,H,W]` → `[N,H,W,C]`, row-major. */
function turnChannelsLast(data: Float32Array, [count, channels, height, width]: Shape): Float32Array {
  const turned = new Float32Array(data.length);
  const places = height * width;
  for (let image = 0; image < count; image++)
    for (let channel = 0; channel < channels; channel++)
      for (let place = 0; place < places; place++)
        turned[(image * places + place) * channels + channel] = data[(image * channels + channel) * places + place];
  return turned;
}

/** A batch in the layout and type that the network takes. */
function toInput(data: Float32Array, shape: Shape, { channelsLast, dtype }: ImageInput): Tensor {
  const [count, channels, height, width] = shape;
  const laid = channelsLast ? turnChannelsLast(data, shape) : data;
  const extents = channelsLast ? [count, height, width, channels] : shape;
  if (dtype === "float32") return float32(extents, laid);
  if (dtype === "float16") return { dtype, shape: extents, data: float32ToFloat16(laid) };
  const whole = Array.from(laid, (value) => Math.round(value));
  const isWide = dtype === "int64";
  const array = new dtypeArrays[dtype](laid.length) as unknown as (number | bigint)[];
  whole.forEach((value, index) => (array[index] = isWide ? BigInt(value) : value));
  return { dtype, shape: extents, data: array as unknown as Tensor["data"] };
}

/** Whether the scores are already probabilities. */
function endsInSoftmax({ nodes, outputs }: Graph): boolean {
  const maker = (name: string): Node | undefined => nodes.find((node) => node.outputs.includes(name));
  let node = maker(outputs[0].name);
  while (node !== undefined && /^(Identity|Cast|Reshape|Flatten|Squeeze)$/.test(node.op)) node = maker(node.inputs[0]);
  return node?.op === "Softmax";
}

/** Smallest probability that has a logarithm: float32's smallest number. */
const SMALLEST = 2 ** -149;

const hold = (value: Tensor): RuntimeTensor => ({
  dtype: value.dtype,
  shape: value.shape,
  read: async () => value,
  dispose: () => undefined,
});

/** A session on `images [N,C,H,W]` that gives `scores [N,classes]`, whatever layout, type and batch the file has. */
function adaptSession(inner: Session, input: ImageInput, output: string, probable: boolean, where: string): Session {
  const runPart = async (data: Float32Array, shape: Shape): Promise<Float32Array> => {
    const results = await inner.run({ [input.name]: toInput(data, shape, input) }, [output]);
    const value = await results[output].read();
    results[output].dispose();
    const [count] = shape;
    const extents = value.shape.filter((extent, axis) => axis > 0 && extent !== 1);
    if (value.shape[0] !== count || extents.length > 1 || value.shape.length < 2)
      throw new ShapeError(
        where,
        `gives ${formatShape(value.shape)} for ${count} image(s), must give scores [N,classes]`,
      );
    const scores = toFloat32(value).data;
    return probable ? scores.map((share) => Math.log(Math.max(share, SMALLEST))) : scores;
  };
  const run: Session["run"] = async ({ [stepNames.images]: given }) => {
    const images = "read" in given ? await given.read() : given;
    if (!isDtype(images, "float32")) throw new ShapeError("images", `are ${images.dtype}, must be float32`);
    const [count, ...image] = images.shape;
    const size = sizeOf(image);
    const part = typeof input.batch === "number" ? input.batch : Math.max(count, 1);
    const scores: Float32Array[] = [];
    for (let from = 0; from < count; from += part) {
      const here = Math.min(part, count - from);
      const data = new Float32Array(part * size);
      data.set(images.data.subarray(from * size, (from + here) * size));
      const made = await runPart(data, [part, ...image]);
      scores.push(made.subarray(0, (made.length / part) * here));
    }
    const classes = count === 0 ? 0 : scores.reduce((sum, { length }) => sum + length, 0) / count;
    const all = new Float32Array(count * classes);
    scores.reduce((at, piece) => (all.set(piece, at), at + piece.length), 0);
    return { [stepNames.scores]: hold(float32([count, classes], all)) };
  };
  return { ...inner, inputNames: [stepNames.images], outputNames: [stepNames.scores], run };
}

/** @throws {OptionError} unless there is a name for each class */
function nameClasses(count: number, where: string, { classes }: ForeignChoice): readonly string[] {
  if (classes === undefined) return Array.from({ length: count }, (_, index) => String(index));
  if (classes.length === count) return classes;
  throw new OptionError("classes", `names ${classes.length} classes, ${where} gives ${count} scores; must be as many`);
}

/**
 * Turns any ONNX classifier into a network that predicts. Its classes are numbers or those given; notes report how its
 * images are prepared.
 *
 * @param bytes the file as ONNX Runtime takes it
 * @throws {UnsupportedError} if it has loops, or takes inputs besides images
 * @throws {ShapeError} if it does not take images or return scores
 */
export async function loadForeignOnnx(
  runtime: Runtime,
  { onnx, bytes, where }: { readonly onnx: Model; readonly bytes: Uint8Array; readonly where: string },
  choice: ForeignChoice & { readonly threads?: number; readonly onNote?: (text: string) => void },
): Promise<{ readonly card: NetworkCard; readonly session: Session }> {
  const { onNote = () => undefined, threads } = choice;
  const input = readImages(onnx.graph, where, choice, onNote);
  const normalization = chooseScale(input, where, choice, onNote);
  const inner = await runtime.load(bytes, threads === undefined ? {} : { threads });
  try {
    const output = onnx.graph.outputs[0].name;
    const session = adaptSession(inner, input, output, endsInSoftmax(onnx.graph), where);
    const probe = float32([1, ...input.imageShape], new Float32Array(sizeOf(input.imageShape)));
    const { [stepNames.scores]: scores } = await session.run({ [stepNames.images]: probe });
    const [, count] = scores.shape;
    const classes = nameClasses(count, where, choice);
    const model = { name: "onnx", options: { channels: input.imageShape[0], classes: count } };
    return { card: { model, imageShape: input.imageShape, data: "", classes, normalization }, session };
  } catch (error) {
    await inner.release();
    throw error;
  }
}
