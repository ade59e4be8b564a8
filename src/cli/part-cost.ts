import { joinWords, type Words } from "../report/words.ts";
import { formatCount, counted } from "./output.ts";
import { nameShown } from "./lang/kinds.ts";
import { spoken } from "./lang/language.ts";

/**
 * What a node of a network's tree says of itself: its shapes, its parameters and its shortcut.
 *
 * @param shapes the input's and the output's, as they are shown
 */
export function describePartCost(
  shapes: readonly [input: string, output: string],
  {
    parameters,
    shortcut,
  }: { readonly parameters: number; readonly shortcut?: Parameters<typeof nameShown>[0] | undefined },
): string {
  const said: readonly Words[] = [
    shapes.join(" → "),
    { en: counted(parameters, "parameter"), zh: `${formatCount(parameters)} 个参数` },
    ...(shortcut === undefined ? [] : [nameShown(shortcut)]),
  ];
  return spoken(joinWords(said));
}
