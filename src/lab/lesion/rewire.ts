import { createGraphBuilder, pruneGraph } from "../../onnx/builder.ts";
import type { Graph, Node } from "../../onnx/graph.ts";
import { BATCH } from "../../compile/inference.ts";
import { stepNames } from "../../compile/step/names.ts";
import { addForward } from "../../nn/forward.ts";
import type { Module } from "../../nn/module.ts";
import { OptionError } from "../../tensor/errors.ts";
import { type Shape, type SymbolicShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Block, findBlocks } from "../blocks.ts";

/** A network as it predicts, with its blocks. */
export interface BlockedGraph {
  readonly graph: Graph;
  readonly blocks: readonly Block[];
}

/**
 * Puts a trained network into a graph in which its blocks are known by their values.
 * @param batch a number where the graph is to be differentiated; open if left out
 */
export function buildBlockedGraph(
  module: Module,
  imageShape: Shape,
  state: ReadonlyMap<string, Tensor>,
  batch: number | string = BATCH,
): BlockedGraph {
  const g = createGraphBuilder("lesion");
  const images = g.input(stepNames.images, "float32", [batch, ...imageShape]);
  const pass = addForward(g, module, images, { mode: "evaluate", state });
  const blocks = findBlocks(g, pass, images);
  g.output(stepNames.scores, pass.output);
  return { graph: g.finish(), blocks };
}

/** One block in a new order of things: whole, or its shortcut alone, as where its residual was removed. */
export interface BlockUse {
  readonly block: number;
  readonly part: "whole" | "shortcut";
}

/** Blocks that follow each other directly: positions in the list of blocks. */
export function findChains(blocks: readonly Block[]): readonly (readonly number[])[] {
  const chains: number[][] = [];
  blocks.forEach((block, index) => {
    const last = chains.at(-1);
    if (last !== undefined && blocks[last.at(-1)!].output === block.input) last.push(index);
    else chains.push([index]);
  });
  return chains;
}

const shapeIn = ({ types }: Graph, value: string): SymbolicShape | undefined => types.get(value)?.shape;

/** Whether a block gives what it takes: such blocks of one shape may change places. */
export function keepsShape(graph: Graph, { input, output }: Block): boolean {
  const [before, after] = [shapeIn(graph, input), shapeIn(graph, output)];
  return before !== undefined && after !== undefined && sameShape(before, after);
}

/** Whether a block can be left out: it has a shortcut, or gives what it takes. */
export function isRemovable(graph: Graph, block: Block): boolean {
  return block.shortcut !== undefined || keepsShape(graph, block);
}

/** Neighbours that may change places: runs of shape-keeping blocks within a chain, at least two long. */
export function interchangeable({ graph, blocks }: BlockedGraph): readonly (readonly number[])[] {
  return findChains(blocks)
    .flatMap((chain) => {
      const runs: number[][] = [[]];
      for (const index of chain) {
        if (keepsShape(graph, blocks[index])) runs.at(-1)!.push(index);
        else runs.push([]);
      }
      return runs;
    })
    .filter((run) => run.length > 1);
}

/** The nodes of a block in order: what its input reaches and its output needs. */
function nodesOf({ nodes }: Graph, { input, output }: Block): readonly Node[] {
  const reached = new Set([input]);
  const forward = nodes.filter((node) => {
    const isReached = node.inputs.some((name) => reached.has(name));
    if (isReached) for (const name of node.outputs) if (name !== "") reached.add(name);
    return isReached;
  });
  const needed = new Set([output]);
  return forward
    .toReversed()
    .filter((node) => {
      const isNeeded = node.outputs.some((name) => needed.has(name));
      if (isNeeded) for (const name of node.inputs) if (name !== input) needed.add(name);
      return isNeeded;
    })
    .toReversed();
}

/** The node where F and S become one. */
function joinOf(nodes: readonly Node[], { residual, shortcut = "" }: Block): Node | undefined {
  return nodes.find(({ inputs }) => inputs.includes(residual) && inputs.includes(shortcut));
}

const node = (op: string, name: string, inputs: readonly string[], outputs: readonly string[]): Node => ({
  op,
  domain: "",
  name,
  inputs,
  outputs,
  attributes: new Map(),
});

interface Copy {
  readonly nodes: readonly Node[];
  readonly output: string;
}

/** A copy of a block that reads another value; every name within gets the copy's number. */
function copyBlock(graph: Graph, block: Block, { part }: BlockUse, input: string, copy: number): Copy {
  if (part === "shortcut" && block.shortcut === undefined) return { nodes: [], output: input };
  const own = nodesOf(graph, block);
  const made = new Set(own.flatMap(({ outputs }) => outputs));
  const rename = (name: string): string =>
    name === block.input ? input : name !== "" && made.has(name) ? `${name}@${copy}` : name;
  const join = part === "shortcut" ? joinOf(own, block) : undefined;
  const nodes = own.flatMap((original): readonly Node[] => {
    const renamed = {
      ...original,
      name: `${original.name}@${copy}`,
      inputs: original.inputs.map(rename),
      outputs: original.outputs.map(rename),
    };
    if (original !== join) return [renamed];
    if (block.join === "add") return [node("Identity", renamed.name, [rename(block.shortcut!)], renamed.outputs)];
    // Side by side: the channels stay, and hold nothing.
    const residual = rename(block.residual);
    const empty = `${residual}/removed`;
    const emptied = { ...renamed, inputs: renamed.inputs.map((name) => (name === residual ? empty : name)) };
    return [node("Sub", `${renamed.name}/removed`, [residual, residual], [empty]), emptied];
  });
  return { nodes, output: rename(block.output) };
}

/**
 * The network with its blocks in another order, left out, or used more than once. Weights stay what they are.
 *
 * @param uses all blocks that remain; of each chain of {@link findChains} in the order in which they are to run
 * @throws {OptionError} if a block that changes the shape of things is not where it was
 */
export function rewireBlocks({ graph, blocks }: BlockedGraph, uses: readonly BlockUse[]): Graph {
  let copies = 0;
  const types = new Map(graph.types);
  const inserted = new Map<string, readonly Node[]>();
  for (const chain of findChains(blocks)) {
    const members = new Set(chain);
    const [first, last] = [blocks[chain[0]], blocks[chain.at(-1)!]];
    let current = first.input;
    let shape = shapeIn(graph, current);
    const nodes: Node[] = [];
    for (const use of uses.filter(({ block }) => members.has(block))) {
      const block = blocks[use.block];
      const wanted = shapeIn(graph, block.input);
      if (shape !== undefined && wanted !== undefined && !sameShape(shape, wanted))
        throw new OptionError(block.name, "takes a different shape than its new place provides");
      const copy = copyBlock(graph, block, use, current, ++copies);
      for (const { outputs } of copy.nodes)
        for (const name of outputs) {
          const type = graph.types.get(name.slice(0, name.lastIndexOf("@")));
          if (type !== undefined) types.set(name, type);
        }
      nodes.push(...copy.nodes);
      current = copy.output;
      if (copy.nodes.length > 0) shape = shapeIn(graph, block.output);
    }
    const end = shapeIn(graph, last.output);
    if (shape !== undefined && end !== undefined && !sameShape(shape, end))
      throw new OptionError(last.name, "must stay: its successor needs its output shape");
    inserted.set(last.output, [...nodes, node("Identity", `${last.output}/rewired`, [current], [last.output])]);
  }
  const nodes = graph.nodes.flatMap((original): readonly Node[] => {
    const at = original.outputs.find((name) => inserted.has(name));
    if (at === undefined) return [original];
    return [
      { ...original, outputs: original.outputs.map((name) => (name === at ? `${name}/before` : name)) },
      ...inserted.get(at)!,
    ];
  });
  return pruneGraph({ ...graph, nodes, types });
}

/** Every block where it was, whole. */
export function allWhole(blocks: readonly Block[]): readonly BlockUse[] {
  return blocks.map((_, block) => ({ block, part: "whole" }));
}

/** All blocks but some, of which the shortcuts remain. */
export function withoutBlocks(blocks: readonly Block[], removed: ReadonlySet<number>): readonly BlockUse[] {
  return blocks.map((_, block) => ({ block, part: removed.has(block) ? "shortcut" : "whole" }));
}

/** Two blocks in each other's place. */
export function withSwapped(uses: readonly BlockUse[], a: number, b: number): readonly BlockUse[] {
  const swapped: Readonly<Record<number, number>> = { [a]: b, [b]: a };
  return uses.map((use) => ({ ...use, block: swapped[use.block] ?? use.block }));
}

/** A block once more, right behind another. */
export function withInserted(uses: readonly BlockUse[], block: number, after: number): readonly BlockUse[] {
  const place = uses.findIndex((use) => use.block === after);
  return uses.toSpliced(place + 1, 0, { block, part: "whole" });
}
