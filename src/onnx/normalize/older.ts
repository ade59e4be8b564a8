import { onnxDtypes } from "../operators/elementwise.ts";
import type { NormalizeRule, Rewriting } from "./rewriting.ts";

/** What a value is in version 18: its inputs after the first, where older versions had attributes. */
type ReadInputs = (rewriting: Rewriting) => readonly (string | undefined)[];

/** A float constant of the type of the first input, whose other operands must match. */
function scalarLike(rewriting: Rewriting, value: number): string {
  const constant = rewriting.floats([], [value]);
  const { dtype } = rewriting.type(0);
  return dtype === "float32" ? constant : rewriting.add("Cast", [constant], { to: onnxDtypes[dtype] });
}

/** A missing optional input is the empty string, and none at all behind the last one. */
function withoutTrailing(inputs: readonly (string | undefined)[]): readonly string[] {
  const last = inputs.findLastIndex((name) => name !== undefined);
  return inputs.slice(0, last + 1).map((name) => name ?? "");
}

/** One row per operator and change: the version since which these are inputs, the attributes before, and how to read them. */
interface Change {
  readonly since: number;
  readonly attributes: readonly string[];
  readonly read: ReadInputs;
}

const optionalFloat = (rewriting: Rewriting, name: string): string | undefined => {
  const value = rewriting.float(name, Number.NaN);
  return Number.isNaN(value) ? undefined : scalarLike(rewriting, value);
};

const optionalInts = (rewriting: Rewriting, name: string): string | undefined => {
  const values = rewriting.ints(name);
  return values === undefined ? undefined : rewriting.wholes(values);
};

/** Attributes that became inputs. @source ONNX, docs/Changelog.md */
const changes: Readonly<Record<string, Change>> = {
  Clip: {
    since: 11,
    attributes: ["min", "max"],
    read: (rewriting) => [optionalFloat(rewriting, "min"), optionalFloat(rewriting, "max")],
  },
  Pad: {
    since: 11,
    attributes: ["pads", "value"],
    read: (rewriting) => [
      optionalInts(rewriting, "pads") ?? rewriting.refuse("lacks pads"),
      optionalFloat(rewriting, "value"),
    ],
  },
  Slice: {
    since: 10,
    attributes: ["starts", "ends", "axes"],
    read: (rewriting) => [
      optionalInts(rewriting, "starts") ?? rewriting.refuse("lacks starts"),
      optionalInts(rewriting, "ends") ?? rewriting.refuse("lacks ends"),
      optionalInts(rewriting, "axes"),
    ],
  },
};

/** The inputs of version 18, and the attributes that they replace; undefined for a node that has them already. */
export function readOlderInputs(
  rewriting: Rewriting,
): { readonly inputs: readonly string[]; readonly attributes: Readonly<Record<string, undefined>> } | undefined {
  const change = changes[rewriting.node.op];
  if (change === undefined || rewriting.opset >= change.since) return undefined;
  const inputs = withoutTrailing([rewriting.input(0), ...change.read(rewriting)]);
  return { inputs, attributes: Object.fromEntries(change.attributes.map((name) => [name, undefined])) };
}

const inputsOf18: NormalizeRule = (rewriting) => rewriting.keep(readOlderInputs(rewriting));

/** Operators whose attributes became inputs before version 11, beside Pad, which changed again. */
export const olderFormRules: Readonly<Record<string, NormalizeRule>> = { Clip: inputsOf18, Slice: inputsOf18 };
