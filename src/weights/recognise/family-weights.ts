import type { ModelOptions } from "../../nn/model-options.ts";
import { createModel, type NamedModel } from "../../nn/models.ts";
import { buffersOf, headOf, parametersOf } from "../../nn/module.ts";
import { sameShape, type Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { FamilyLayout } from "../layouts/family-layout.ts";
import { familyLayouts } from "../layouts/families.ts";
import { createNameTable, type NameTable } from "../layouts/names.ts";
import { candidatePrefixes } from "./prefixes.ts";

/** A network of a family, told by the names and shapes of its weights. */
export interface FamilyWeights {
  readonly model: NamedModel;
  readonly layout: FamilyLayout;
  /** The weights under the network's own names, in its shapes. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** What stood before every name, such as "backbone.". */
  readonly prefix: string;
  /** Whether the file has the classifier. */
  readonly hasHead: boolean;
  /** Names under another prefix. */
  readonly besides: readonly string[];
}

type Tensors = ReadonlyMap<string, Tensor>;

const counters = /(^|\.)num_batches_tracked$/;
const tables = new Map<FamilyLayout, NameTable>();

function tableOf(layout: FamilyLayout): NameTable {
  const table = tables.get(layout) ?? createNameTable(layout.names);
  tables.set(layout, table);
  return table;
}

/**
 * The network of a family whose names and shapes a file has, whole or without its classifier; undefined if there is none.
 * Types of shortcuts that have the same weights are told apart by nothing: it is then the family's default.
 * @param wanted the name that it should have, if the family has several for it
 */
export function tellFamily(tensors: Tensors, wanted?: string): FamilyWeights | undefined {
  const names = [...tensors.keys()].filter((name) => !counters.test(name));
  for (const prefix of candidatePrefixes(names)) {
    const inside = names.filter((name) => name.startsWith(prefix));
    for (const layout of familyLayouts) {
      if (!tensors.has(prefix + layout.mark)) continue;
      const renamed = rename(tensors, inside, prefix, layout);
      const found = renamed && findMember(layout, renamed, wanted);
      if (found !== undefined)
        return { ...found, layout, prefix, besides: names.filter((name) => !inside.includes(name)) };
    }
  }
  return undefined;
}

/** The tensors under Residua's names; undefined if one is unknown to the layout. */
function rename(tensors: Tensors, names: readonly string[], prefix: string, layout: FamilyLayout): Tensors | undefined {
  const table = tableOf(layout);
  const renamed = new Map<string, Tensor>();
  for (const name of names) {
    const own = table.toOurs(name.slice(prefix.length));
    if (own === undefined || renamed.has(own)) return undefined;
    renamed.set(own, tensors.get(name)!);
  }
  return renamed;
}

type Member = Pick<FamilyWeights, "model" | "tensors" | "hasHead">;

/** The member of a family, by default or in a variant, that has exactly these names and shapes. */
function findMember({ family, variants }: FamilyLayout, tensors: Tensors, wanted?: string): Member | undefined {
  const first = wanted !== undefined && family.find(wanted) !== undefined ? [wanted] : [];
  for (const variant of [{}, ...variants]) {
    for (const name of [...first, ...family.names]) {
      const shortcuts = family.find(name)?.shortcuts ?? [];
      if (variant.shortcut !== undefined && !shortcuts.includes(variant.shortcut)) continue;
      const found = compare(name, variant, tensors);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function compare(name: string, variant: ModelOptions, tensors: Tensors): Member | undefined {
  const { module: usual } = createModel(name, variant);
  const specs = [...parametersOf(usual)];
  const head = headOf(usual);
  const first = specs.find(([, { role, shape }]) => role === "weight" && shape.length > 1)![0];
  const channels = tensors.get(first)?.shape[1];
  const classes = tensors.get(head[0])?.shape[0];
  if (!channels || classes === 0) return undefined;
  if (tensors.size + (classes === undefined ? head.length : 0) !== specs.length + buffersOf(usual).size)
    return undefined;
  const model = createModel(name, { ...variant, channels, ...(classes === undefined ? {} : { classes }) });
  const fitted = new Map<string, Tensor>();
  for (const [own, { shape }] of [...parametersOf(model.module), ...buffersOf(model.module)]) {
    const tensor = tensors.get(own);
    if (tensor === undefined && classes === undefined && head.includes(own)) continue;
    if (tensor === undefined || !sameShape(withoutTrailing(tensor.shape), withoutTrailing(shape))) return undefined;
    fitted.set(own, sameShape(tensor.shape, shape) ? tensor : { ...tensor, shape });
  }
  return { model, tensors: fitted, hasHead: classes !== undefined };
}

/** Systems differ in whether a fully connected layer is a 1×1 convolution, and a factor per channel has spatial axes. */
function withoutTrailing(shape: Shape): Shape {
  return shape.slice(0, shape.findLastIndex((extent) => extent !== 1) + 1);
}
