import { shapeOf } from "../../onnx/builder.ts";
import type { Value } from "../../onnx/graph.ts";
import { float32 } from "../../tensor/tensor.ts";
import type { BlockedContext, PendingConvolution } from "./context.ts";
import { reshape } from "./layout.ts";
import { constantIndices, gatherRows } from "./weight-layout.ts";

/**
 * Winograd's F(2×2, 3×3): y = Aᵀ·((G·w·Gᵀ) ⊙ (Bᵀ·d·B))·A for tiles d of 4×4 points, which give 2×2 of the result. Each of the 16
 * places of a tile is a 1×1 convolution: 16 products where the convolution itself has 36.
 *
 * @source Winograd 1980; Lavin and Gray 2015, arXiv:1509.09308, section 4.1
 */
const SIDE = 4;

/** A row of Bᵀ: two of four points, the second added or subtracted. */
interface Row {
  /** The first of them. */
  readonly first: number;
  readonly distance: number;
  readonly taps: readonly [number, number];
}

/** Bᵀ: d₀ − d₂, d₁ + d₂, d₂ − d₁ and d₁ − d₃. */
const rows: readonly Row[] = [
  { first: 0, distance: 2, taps: [1, -1] },
  { first: 1, distance: 1, taps: [1, 1] },
  { first: 1, distance: 1, taps: [-1, 1] },
  { first: 1, distance: 2, taps: [1, -1] },
];

/** G, which takes three taps to four places. */
const G = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
] as const;

/** G ⊗ G: `[16, 9]`. */
const transform = float32(
  [SIDE ** 2, 9],
  Float32Array.from({ length: SIDE ** 2 * 9 }, (_, at) => {
    const [place, tap] = [Math.floor(at / 9), at % 9];
    return G[Math.floor(place / SIDE)][Math.floor(tap / 3)] * G[place % SIDE][tap % 3];
  }),
);

/** What a point of a tile costs besides its products, per channel in and out, in multiply-adds; measured on a Zen 4. */
const PASS_COST = { cached: 32, uncached: 50 } as const;
/** What transforming a weight costs per input and output channel, likewise. */
const WEIGHT_COST = 2400;
/** It has to be this much cheaper to be worth its rounding, and the memory of the tiles. */
const MARGIN = 1.1;

/** Bytes of tiles and their products at a time, so that they stay in a processor's last cache from one operator to the next. */
const TILE_BYTES = 10 * 2 ** 20;
/** Parts of a batch at most: each is 56 operators. */
const MOST_PARTS = 32;
/** Tiles of a part larger than this, as those of large planes and batches, leave the cache. */
const CACHED_BYTES = 2 * TILE_BYTES;

/** How many samples are transformed at a time, so that all parts but the last are equal; and the bytes of their tiles. */
function partOf({ x, weight }: PendingConvolution): { readonly samples: number; readonly bytes: number } {
  const [batch, , height, width] = shapeOf(x);
  const [outside, inside] = shapeOf(weight);
  const points = SIDE ** 2 * Math.ceil(height / 2) * Math.ceil(width / 2);
  const each = points * (inside + outside) * Float32Array.BYTES_PER_ELEMENT;
  const most = Math.max(1, Math.floor(TILE_BYTES / each));
  const samples = Math.ceil(batch / Math.min(MOST_PARTS, Math.ceil(batch / most)));
  return { samples, bytes: samples * each };
}

/** Whether a convolution is written faster so: of 3×3 with a border of one point, wide, with enough points. */
export function isWinograd(pending: PendingConvolution): boolean {
  const { x, weight, sum, attributes } = pending;
  const { kernel_shape, strides, dilations, pads, group } = attributes;
  const isPlain = [kernel_shape, strides, dilations, pads].join(";") === "3,3;1,1;1,1;1,1,1,1" && group === 1;
  if (!isPlain || sum !== undefined) return false;
  const [batch, , height, width] = shapeOf(x);
  const [outside, inside] = shapeOf(weight);
  const tiles = batch * Math.ceil(height / 2) * Math.ceil(width / 2);
  const products = outside * inside;
  const direct = batch * height * width * 9 * products;
  const passes = PASS_COST[partOf(pending).bytes <= CACHED_BYTES ? "cached" : "uncached"] * (outside + inside);
  return direct > MARGIN * (tiles * SIDE ** 2 * (products + passes) + WEIGHT_COST * products);
}

/** G·w·Gᵀ by place: 16 weights of 1×1 convolutions, made once for all users of a weight. */
function placesOf(c: BlockedContext, weight: Value): readonly Value[] {
  const { g, block } = c;
  return c.memo(`winograd/${weight.name}`, () => {
    const [outside, inside] = shapeOf(weight);
    const [tiles, size] = [(outside * inside) / block ** 2, block ** 2];
    const byTap = g.op("Transpose", [reshape(g, weight, [tiles, 9, size])], { perm: [1, 0, 2] });
    const byPlace = g.op("MatMul", [g.constant(transform), reshape(g, byTap, [9, tiles * size])]);
    return g
      .ops("Split", [byPlace], SIDE ** 2, { axis: 0, num_outputs: SIDE ** 2 })
      .map((place) => reshape(g, place, [outside, inside, 1, 1]));
  });
}

/** One place of Bᵀ·d·B for all tiles: a depthwise convolution of 2×2 taps with stride 2. */
function tilePlace(c: BlockedContext, x: Value, down: Row, across: Row): Value {
  const { g, block } = c;
  const [, channels, height, width] = shapeOf(x);
  const taps = down.taps.flatMap((a) => across.taps.map((b) => a * b));
  const weight = c.memo(`winograd/${channels}/${taps.join()}`, () => {
    const data = Float32Array.from({ length: 4 * channels }, (_, at) => taps[Math.floor(at / block) % 4]);
    return g.constant(float32([channels, 1, 2, 2], data));
  });
  // Tiles begin one point before the plane, and an odd plane's last one reaches beyond its border.
  const begin = ({ first }: Row): number => 1 - first;
  const end = (row: Row, extent: number): number =>
    2 * (Math.ceil(extent / 2) - 1) + row.distance + 1 - extent - begin(row);
  return g.op("BlockedConv", [x, weight], {
    kernel_shape: [2, 2],
    strides: [2, 2],
    dilations: [down.distance, across.distance],
    pads: [begin(down), begin(across), end(down, height), end(across, width)],
    group: channels,
  });
}

const point = { kernel_shape: [1, 1], strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0], group: 1 } as const;

/** The four points of each tile's result, for samples `[n, inside, H, W]`: four times `[n, outside, ⌈H/2⌉, ⌈W/2⌉]`. */
function writePhases(
  c: BlockedContext,
  samples: Value,
  { weights, bias }: { readonly weights: readonly Value[]; readonly bias: Value | undefined },
): readonly Value[] {
  const { g } = c;
  const places = rows.flatMap((down) => rows.map((across) => tilePlace(c, samples, down, across)));
  // Of the second place in both directions, Aᵀ has a 1 in every row: there a bias reaches each point once.
  const products = places.map((place, at) =>
    g.op("BlockedConv", [place, weights[at], ...(bias && at === SIDE + 1 ? [bias] : [])], point),
  );
  /** Aᵀ = [1 1 1 0; 0 1 −1 −1] times four values. */
  const fold = ([a, b, d, e]: readonly Value[]): readonly [Value, Value] => [
    g.op("Add", [g.op("Add", [a, b]), d]),
    g.op("Sub", [g.op("Sub", [b, d]), e]),
  ];
  const columns = Array.from({ length: SIDE }, (_, column) =>
    fold(Array.from({ length: SIDE }, (__, row) => products[SIDE * row + column])),
  );
  return [0, 1].flatMap((row) => fold(columns.map((column) => column[row])));
}

/** For each point of `[N, blocks, H, W]`, its row in the parts' phases, one after the other. */
function pointRows([batch, blocks, height, width]: readonly number[], perPart: number): Int32Array {
  const [down, across] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const indices = new Int32Array(batch * blocks * height * width);
  let at = 0;
  for (let sample = 0; sample < batch; sample++) {
    const first = sample - (sample % perPart);
    const samples = Math.min(perPart, batch - first);
    for (let block = 0; block < blocks; block++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const phase = (y % 2) * 2 + (x % 2);
          const plane = (4 * first + phase * samples + (sample - first)) * blocks + block;
          indices[at++] = (plane * down + Math.floor(y / 2)) * across + Math.floor(x / 2);
        }
      }
    }
  }
  return indices;
}

/** Writes such a convolution. */
export function writeWinograd(c: BlockedContext, pending: PendingConvolution): Value {
  const { g, block } = c;
  const { x, weight, bias } = pending;
  const [batch, , height, width] = shapeOf(x);
  const [outside] = shapeOf(weight);
  const weights = placesOf(c, weight);
  const perPart = partOf(pending).samples;
  const count = Math.ceil(batch / perPart);
  const parts = count === 1 ? [x] : g.ops("Split", [x], count, { axis: 0, num_outputs: count });
  const phases = parts.flatMap((samples) => writePhases(c, samples, { weights, bias }));
  const shape = [batch, outside / block, height, width];
  const order = c.memo(`winograd/${[...shape, perPart].join()}`, () => constantIndices(g, pointRows(shape, perPart)));
  const points = 4 * batch * (outside / block) * Math.ceil(height / 2) * Math.ceil(width / 2);
  const joined = reshape(g, g.op("Concat", phases, { axis: 0 }), [points, block]);
  return reshape(g, gatherRows(g, joined, order), [batch, outside, height, width]);
}
