import type { GraphBuilder } from "../../onnx/builder.ts";
import { countUses, type Graph, type Node, type Value } from "../../onnx/graph.ts";
import { ResiduaError } from "../../tensor/errors.ts";
import type { BlockedContext, Forms, NormStatistics, StoredValue } from "./context.ts";
import { writeConvolution } from "./convolution.ts";
import type { ConvolutionPlan } from "./convolution-plan.ts";
import { type BlockSize, toBlocked, toPlain } from "./layout.ts";
import { typesOf } from "./storage.ts";
import { writeStrided } from "./strided-gradient.ts";
import { packInGraph, unpackInGraph, type WeightLayout } from "./weight-layout.ts";

/** What the lowering determines before it writes anything. */
export interface Analysis {
  readonly block: BlockSize;
  readonly plans: ReadonlyMap<Node, ConvolutionPlan>;
  readonly layouts: ReadonlyMap<string, WeightLayout>;
}

/** Keeps the forms of every logical value, and converts to one that is requested but not there yet. */
export function createContext(g: GraphBuilder, graph: Graph, { block, plans, layouts }: Analysis): BlockedContext {
  const types = typesOf(graph);
  const uses = countUses(graph);
  const forms = new Map<string, Forms>();
  const memos = new Map<string, unknown>();
  const norms = new Map<string, NormStatistics>();
  const formsOf = (name: string): Forms => forms.get(name) ?? {};
  const keep = <K extends keyof Forms>(name: string, form: K, value: NonNullable<Forms[K]>): void => {
    forms.set(name, { ...formsOf(name), [form]: value });
  };

  const plain = (name: string): Value => {
    const held = formsOf(name);
    if (held.plain && typeof held.plain !== "function") return held.plain;
    const value = held.plain
      ? held.plain()
      : held.stored
        ? unpackInGraph(g, held.stored.value, held.stored.layout)
        : fromBlocks(name);
    keep(name, "plain", value);
    return value;
  };
  const fromBlocks = (name: string): Value => {
    const held = formsOf(name);
    if (!held.blocked && !held.pending && !held.unmasked) throw new ResiduaError(name, "is used before it is computed");
    return toPlain(g, held.unmasked ?? blocked(name), types.get(name)!.shape[1] as number);
  };
  const blocked = (name: string): Value => {
    const held = formsOf(name);
    if (held.blocked && typeof held.blocked !== "function") return held.blocked;
    const value = held.blocked
      ? held.blocked()
      : held.pending
        ? writePending(name, held.pending)
        : toBlocked(g, plain(name), block);
    forms.set(name, { ...formsOf(name), blocked: value });
    return value;
  };
  const writePending = (name: string, pending: NonNullable<Forms["pending"]>): Value => {
    const value = pending.kind === "convolution" ? writeConvolution(context, pending) : writeStrided(context, pending);
    const { pending: _, ...rest } = formsOf(name);
    forms.set(name, rest);
    return value;
  };
  const stored = (name: string, layout: WeightLayout): StoredValue => {
    const held = formsOf(name).stored;
    if (held?.layout.name === layout.name) return held;
    const value = { value: packInGraph(g, plain(name), layout), layout, padding: "zero" } as const;
    if (held === undefined) keep(name, "stored", value);
    return value;
  };

  const context: BlockedContext = {
    g,
    block,
    norms,
    typeOf: (name) => types.get(name)!,
    constantOf: (name) => graph.initializers.get(name),
    isUsedOnce: (name) => uses.get(name) === 1,
    planOf: (node) => plans.get(node),
    layoutOf: (name) => layouts.get(name),
    formsOf,
    isBlocked: (name) => {
      const held = formsOf(name);
      return (
        held.pending !== undefined ||
        held.parts !== undefined ||
        (held.blocked !== undefined && (typeof held.blocked !== "function" || held.rearrangement !== undefined))
      );
    },
    plain,
    blocked,
    stored,
    define: (name, value) => void forms.set(name, value),
    memo: <T>(key: string, make: () => T): T => {
      if (!memos.has(key)) memos.set(key, make());
      return memos.get(key) as T;
    },
  };
  return context;
}
