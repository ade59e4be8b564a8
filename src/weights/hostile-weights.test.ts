import * as fc from "fast-check";
import { expect, test } from "vitest";
import { crashOf } from "../../test/support/weights.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { findModel } from "./recognise/find-model.ts";
import { inspectWeights } from "./recognise/inspection.ts";
import { layouts } from "./layouts/index.ts";
import type { WeightsFile } from "./weights-file.ts";

const asFile = (tensors: ReadonlyMap<string, Tensor>): WeightsFile => ({
  tensors,
  origin: { format: "safetensors", entry: [], prefix: "", notes: {} },
});

const leaf = fc.constantFrom("weight", "bias", "running_mean", "running_var", "num_batches_tracked", "");
const index = fc.oneof(fc.nat({ max: 3 }), fc.constantFrom(999, 9999, 2 ** 31, "01", "-1", "a"));

/** Names that a layout could have, with any numbers; and any others. */
const name = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(...layouts.flatMap(({ names }) => names.map(([theirs]) => theirs))),
      index,
      index,
      index,
      leaf,
    )
    .map(([pattern, s, b, c, end]) =>
      pattern
        .replaceAll(/\{s[^}]*\}/g, String(s))
        .replaceAll(/\{b[^}]*\}/g, String(b))
        .replaceAll(/\{[a-z][^}]*\}/g, String(c))
        .replace("*", end),
    ),
  fc.string({ unit: "binary", maxLength: 20 }),
);
/** Extents without any numbers behind them, as a file may claim with an extent of 0 beside. */
const shape = fc.array(fc.constantFrom(0, 1, 3, 7, 16, 64, 2 ** 31, Number.MAX_SAFE_INTEGER), { maxLength: 6 });
const files = fc
  .array(fc.tuple(name, shape), { maxLength: 40 })
  .map((entries) =>
    asFile(new Map(entries.map(([key, axes]) => [key, { dtype: "float32", shape: axes, data: new Float32Array(0) }]))),
  );

test("any names and shapes are inspected, and a network looked for, or refused in one line", () => {
  fc.assert(
    fc.property(files, (file) => {
      expect(
        crashOf(() => {
          const found = inspectWeights(file, "w.safetensors");
          findModel(found, found.shortcuts[0]);
        }),
      ).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});

test("a residual network that claims thousands of blocks is refused before it is built", () => {
  const entries = [0, 1].flatMap((block) => [[`layer1.${block * 9998}.conv1.weight`, [64, 64, 3, 3]] as const]);
  const shapes: readonly (readonly [string, readonly number[]])[] = [["conv1.weight", [64, 3, 7, 7]], ...entries];
  const file = asFile(
    new Map(shapes.map(([key, axes]) => [key, { dtype: "float32", shape: axes, data: new Float32Array(0) }])),
  );
  expect(() => inspectWeights(file, "w.pth")).toThrow(/is not a complete residual network/);
});

test("more tensors than any residual network has are refused unread", () => {
  const scalar: Tensor = { dtype: "float32", shape: [], data: new Float32Array(1) };
  const file = asFile(new Map(Array.from({ length: 20_001 }, (_, place) => [`layer1.${place}.conv1.weight`, scalar])));
  expect(() => inspectWeights(file, "w.pth")).toThrow(/holds 20001 tensors, more than any residual network/);
});
