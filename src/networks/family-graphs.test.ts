import { expect, test } from "vitest";
import { relativeError } from "../../test/support/golden.ts";
import { noiseState, noiseTensor } from "../../test/support/noise.ts";
import { buildInference, toModel } from "../compile/inference.ts";
import { createGraphModule } from "../nn/imported/graph-module.ts";
import { importNetwork } from "../nn/imported/import.ts";
import type { ModelOptions } from "../nn/model-options.ts";
import { createModel } from "../nn/models.ts";
import { parametersOf } from "../nn/module.ts";
import { describeGraph } from "../onnx/analysis/describe-graph.ts";
import { decodeModel } from "../onnx/decode.ts";
import { encodeModel } from "../onnx/encode.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { exportOnnx } from "./export.ts";

const imageShape = [3, 32, 32];
const images = noiseTensor(3, [2, ...imageShape]);

async function scoresOf(bytes: Uint8Array): Promise<Float32Array> {
  const session = await createNodeRuntime().load(bytes, { threads: 1 });
  const results = await session.run({ [session.inputNames[0]]: images }, [session.outputNames[0]]);
  const scores: Tensor = await results[session.outputNames[0]].read();
  await session.release();
  return scores.data as Float32Array;
}

const changing = (counts: readonly number[]): readonly string[] =>
  counts.flatMap((count) => Array.from({ length: count }, (_, block) => (block === 0 ? "projection" : "identity")));

/** Between the parts of a block, too: where it keeps its shape each reads the one before, and all but the convolved pass by. */
const res2netKinds = changing([3, 4, 6, 3]).flatMap((kind) => {
  const within = ["other channels", "other channels", "identity", "identity", "other channels"];
  return kind === "projection" ? ["other channels", kind] : [...within, kind];
});

/** A network of each family, its blocks' shortcuts, and how many weights with several axes its file must give back. */
test.each([
  ["convnext_atto", Array.from({ length: 12 }, () => "identity"), 1 + 3 + 12 * 3 + 1],
  ["resnetrs50", changing([3, 4, 6, 3]), 3 + 1 + 16 * 5 + 4 + 1],
  ["res2net50_26w_4s", res2netKinds, 1 + 16 * 5 + 4 + 1],
  ["resnest26d", changing([2, 2, 2, 2]), 3 + 8 * 5 + 4 + 1],
  ["regnety_002", changing([1, 1, 4, 7]), 1 + 13 * 5 + 4 + 1],
  ["airbench94", ["identity", "identity", "identity"], 1 + 3 * 2 + 1, { shortcut: "pad" }],
  ["airbench96", ["identity", "identity", "identity"], 1 + 3 * 3 + 1],
  ["resnet20", [...changing([3, 3, 3])].with(0, "identity"), 1 + 9 * 2 + 2 + 1, { norm: "fixup" }],
  ["resnet20", [...changing([3, 3, 3])].with(0, "identity"), 1 + 9 * 2 + 2 + 1, { norm: "none", layerScale: "scalar" }],
] satisfies readonly (readonly [string, readonly string[], number, ModelOptions?])[])(
  "%s, written as ONNX and read as anybody's file, gives the same scores, shortcuts and weights",
  async (name, kinds, layers, more: ModelOptions = {}) => {
    const { module, options } = createModel(name, { classes: 10, ...more });
    const state = noiseState(module, 1);
    const network = { kind: "network", model: { name, options }, module, imageShape, state } as const;
    const bytes = encodeModel(exportOnnx(network, { foldBatchNorm: false }));
    const read = decodeModel(bytes, name);
    expect(describeGraph(read.graph).shortcuts.map(({ kind }) => kind)).toEqual(kinds);
    const imported = importNetwork({ ...read, metadata: new Map() }, name, { seed: 1, imageSize: 32 });
    const again = createGraphModule(imported.graph);
    const weights = [...parametersOf(again).values()].filter(({ role }) => role === "weight");
    expect(weights).toHaveLength(layers);
    const written = encodeModel(toModel(buildInference(again, imageShape, imported.state)));
    expect(relativeError(await scoresOf(written), await scoresOf(bytes))).toBeLessThan(1e-5);
  },
);
