import type { ComputedOn } from "../../runtime/computed-on.ts";
import { describeChoices } from "../../tensor/choices.ts";
import { permutation, type RandomStream, randomStream } from "../../tensor/random.ts";
import { OptionError } from "../../tensor/errors.ts";
import type { PathLength } from "./paths.ts";
import {
  allWhole,
  type BlockedGraph,
  type BlockUse,
  interchangeable,
  isRemovable,
  keepsShape,
  withInserted,
  withoutBlocks,
  withSwapped,
} from "./rewire.ts";

/** What is done to a network. */
export type LesionKind = "whole" | "remove" | "remove set" | "swap" | "shuffle" | "reinsert" | "asked";

/** A changed network that is to be evaluated. */
export interface LesionPlan {
  /** Unique key. */
  readonly key: string;
  readonly kind: LesionKind;
  /** Names of the blocks that it is about. */
  readonly blocks: readonly string[];
  /** How many blocks are removed, or how many pairs changed places. */
  readonly count: number;
  readonly uses: readonly BlockUse[];
}

/** What a changed network does. */
export interface Lesion extends Omit<LesionPlan, "uses"> {
  /** Share of misclassified images. */
  readonly error: number;
  readonly loss: number;
}

/** A whole study. */
export interface LesionStudy extends ComputedOn {
  readonly label: string;
  readonly data: string;
  readonly images: number;
  readonly classes: number;
  readonly seed: number;
  readonly status: "done" | "stopped";
  /** All blocks in order, with what their shortcuts are and whether they can be left out. */
  readonly blocks: readonly { readonly name: string; readonly kind: string; readonly removable: boolean }[];
  readonly lesions: readonly Lesion[];
  /** By length; empty where no block has a shortcut. */
  readonly paths: readonly PathLength[];
}

/** What a user asks for by name beside the standard study. */
export interface LesionWish {
  readonly remove?: readonly string[];
  /** Pairs that change places. */
  readonly swap?: readonly (readonly [string, string])[];
  readonly reinsert?: readonly string[];
}

function placeOf(network: BlockedGraph, option: string, name: string): number {
  const found = network.blocks.findIndex((block) => block.name === name);
  if (found < 0)
    throw new OptionError(
      option,
      `there is no block "${name}"; ${describeChoices(
        name,
        network.blocks.map((block) => block.name),
      )}`,
    );
  return found;
}

/** @throws {OptionError} naming the block that is not there or cannot be moved so */
export function planWish(network: BlockedGraph, wish: LesionWish): LesionPlan | undefined {
  const { remove = [], swap = [], reinsert = [] } = wish;
  if (remove.length + swap.length + reinsert.length === 0) return undefined;
  const removed = remove.map((name) => placeOf(network, "remove", name));
  const fixed = removed.find((index) => !isRemovable(network.graph, network.blocks[index]));
  if (fixed !== undefined)
    throw new OptionError(
      "remove",
      `"${network.blocks[fixed].name}" has no shortcut and changes the shape; it must stay`,
    );
  let uses = withoutBlocks(network.blocks, new Set(removed));
  for (const [a, b] of swap) {
    const places = [placeOf(network, "swap", a), placeOf(network, "swap", b)] as const;
    if (!interchangeable(network).some((run) => places.every((place) => run.includes(place))))
      throw new OptionError("swap", `"${a}" and "${b}" do not have equal shapes in one stage`);
    uses = withSwapped(uses, ...places);
  }
  for (const name of reinsert) {
    const place = placeOf(network, "reinsert", name);
    if (!keepsShape(network.graph, network.blocks[place]))
      throw new OptionError("reinsert", `"${name}" changes the shape; only blocks that keep it can be repeated`);
    uses = withInserted(uses, place, place);
  }
  const blocks = [...remove, ...swap.flat(), ...reinsert];
  return { key: `asked ${JSON.stringify(wish)}`, kind: "asked", blocks, count: blocks.length, uses };
}

/** How much a standard study does. */
export interface LesionScope {
  /** Random sets of each size, and random orders of each number of swaps. */
  readonly draws: number;
  /** Evaluations at most, the whole network's aside. */
  readonly limit: number;
  readonly seed: number;
}

/** Sizes of sets: all where there is room, otherwise spread evenly. */
function spread(count: number, most: number): readonly number[] {
  if (count <= most) return Array.from({ length: count }, (_, index) => index + 1);
  return [...new Set(Array.from({ length: most }, (_, index) => 1 + Math.round((index * (count - 1)) / (most - 1))))];
}

/** Tries at most for each draw that is wanted: where chance finds no more different ones, there are hardly more. */
const ATTEMPTS = 8;

/** Draws that are all different: `count`, or fewer where there are not so many. */
function drawDifferent<T>(count: number, draw: (attempt: number) => T): readonly T[] {
  const found = new Map<string, T>();
  for (let attempt = 0; attempt < ATTEMPTS * count && found.size < count; attempt++) {
    const value = draw(attempt);
    const key = JSON.stringify(value);
    if (!found.has(key)) found.set(key, value);
  }
  return [...found.values()];
}

/** Random sets of removable blocks, of every size from 2 on. */
function planSets(
  { blocks }: BlockedGraph,
  removable: readonly number[],
  { draws, seed, most }: { readonly draws: number; readonly seed: number; readonly most: number },
): readonly LesionPlan[] {
  const sizes = spread(removable.length, most).filter((size) => size > 1);
  return sizes.flatMap((size) => {
    const sets = drawDifferent(draws, (attempt) => {
      const order = permutation(randomStream(seed, "lesion", size, attempt), removable.length);
      return Array.from(order.subarray(0, size), (place) => removable[place]).toSorted((a, b) => a - b);
    });
    return sets.map((chosen, draw): LesionPlan => ({
      key: `set ${size} ${draw}`,
      kind: "remove set",
      blocks: chosen.map((index) => blocks[index].name),
      count: size,
      uses: withoutBlocks(blocks, new Set(chosen)),
    }));
  });
}

/**
 * Exchanges none of which undoes another: each joins two cycles of the permutation, so that fewer would not do the same.
 * @param count at most as many as the runs have places beyond their first
 */
function drawExchanges(
  runs: readonly (readonly number[])[],
  count: number,
  stream: RandomStream,
): readonly (readonly [number, number])[] {
  const cycles = new Map(runs.flat().map((place) => [place, place]));
  return Array.from({ length: count }, () => {
    const open = runs.flatMap((run) =>
      run.flatMap((a, index) => run.slice(index + 1).flatMap((b) => (cycles.get(a) === cycles.get(b) ? [] : [[a, b]]))),
    );
    const [a, b] = open[stream.integer(open.length)];
    const [kept, joined] = [cycles.get(a)!, cycles.get(b)!];
    for (const [place, cycle] of cycles) if (cycle === joined) cycles.set(place, kept);
    return [a, b] as const;
  });
}

const EXCHANGES = [1, 2, 3, 4, 6, 8];

/** Random orders of the blocks that may change places, by the number of exchanges that it takes. */
function planShuffles(
  { blocks }: BlockedGraph,
  runs: readonly (readonly number[])[],
  { draws, seed, most }: { readonly draws: number; readonly seed: number; readonly most: number },
): readonly LesionPlan[] {
  const possible = runs.reduce((sum, { length }) => sum + length - 1, 0);
  const whole = allWhole(blocks);
  return EXCHANGES.slice(0, most)
    .filter((count) => count <= possible)
    .flatMap((count) => {
      const orders = drawDifferent(draws, (attempt) =>
        drawExchanges(runs, count, randomStream(seed, "shuffle blocks", count, attempt)).reduce(
          (before, [a, b]) => withSwapped(before, a, b),
          whole,
        ),
      );
      return orders.map((uses, draw): LesionPlan => ({
        key: `shuffle ${count} ${draw}`,
        kind: count === 1 ? "swap" : "shuffle",
        blocks: blocks.flatMap(({ name }, place) => (uses[place].block === place ? [] : [name])),
        count,
        uses,
      }));
    });
}

/**
 * The standard study: the whole network; each block removed; random sets removed, of every size; blocks of one stage in
 * exchanged places; each block that keeps its shape once more.
 *
 * @throws {OptionError} if the network has no block that can be removed
 */
export function planLesions(network: BlockedGraph, { draws, limit, seed }: LesionScope): readonly LesionPlan[] {
  const { graph, blocks } = network;
  const removable = blocks.flatMap((block, index) => (isRemovable(graph, block) ? [index] : []));
  if (removable.length === 0)
    throw new OptionError(
      "model",
      "has no residual blocks, and no block that keeps its shape: there is nothing to remove",
    );
  const nameOf = (index: number): string => blocks[index].name;
  const whole = allWhole(blocks);
  const singles = removable.map((index): LesionPlan => ({
    key: `remove ${nameOf(index)}`,
    kind: "remove",
    blocks: [nameOf(index)],
    count: 1,
    uses: withoutBlocks(blocks, new Set([index])),
  }));
  const runs = interchangeable(network);
  const repeated = runs.flat().map((index): LesionPlan => ({
    key: `reinsert ${nameOf(index)}`,
    kind: "reinsert",
    blocks: [nameOf(index)],
    count: 1,
    uses: withInserted(whole, index, index),
  }));
  const left = Math.max(8, limit - singles.length - repeated.length);
  const most = (share: number): number => Math.floor((share * left) / draws);
  return [
    { key: "whole", kind: "whole", blocks: [], count: 0, uses: whole },
    ...singles,
    ...planSets(network, removable, { draws, seed, most: Math.max(4, most(0.7)) }),
    ...planShuffles(network, runs, { draws, seed, most: Math.max(1, most(0.3)) }),
    ...repeated,
  ];
}

/** Values of one count together. */
export interface CountedError {
  readonly count: number;
  readonly errors: readonly number[];
}

/** Errors by how much was done, from 0 on. */
export function groupByCount(lesions: readonly Lesion[], kinds: readonly LesionKind[]): readonly CountedError[] {
  const groups = new Map<number, number[]>();
  for (const { kind, count, error } of lesions)
    if (kind === "whole" || kinds.includes(kind)) groups.set(count, [...(groups.get(count) ?? []), error]);
  return [...groups].toSorted(([a], [b]) => a - b).map(([count, errors]) => ({ count, errors }));
}
