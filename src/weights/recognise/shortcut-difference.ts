import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { StateDictDifference } from "./state-dict-difference.ts";

/** A difference, with the compared shapes. */
export interface ComparedWeights {
  readonly difference: StateDictDifference;
  readonly expected: ReadonlyMap<string, Shape>;
  readonly found: ReadonlyMap<string, Tensor>;
}

/** A projection's parameters, under torchvision's name or the one used by CIFAR implementations; `$1` is the block. */
const projection = /^(?:(.*)\.)?(?:downsample|shortcut)\./;
/** Every residual block has a first convolution. */
const blockStart = /^(.*)\.conv1\.weight$/;

/**
 * Suggests the shortcut type of the weights, if they differ from the network in projections alone: `pad` or `plain`
 * without any, `project` with some, `project-all` with one in every block.
 */
export function suggestShortcutType({ difference, expected, found }: ComparedWeights): string | undefined {
  const { missing, unexpected, misshapen } = difference;
  const onlyProjections = [...missing, ...unexpected].every((name) => projection.test(name));
  if (misshapen.length > 0 || !onlyProjections) return undefined;
  const foundBlocks = projectedBlocks(found.keys());
  const expectedBlocks = projectedBlocks(expected.keys());
  if (sameMembers(foundBlocks, expectedBlocks)) {
    return "only the parameters of projections differ: compare the options of the shortcuts (norm, bias, subsampling)";
  }
  const blocks = [...found.keys()].flatMap((name) => blockStart.exec(name)?.[1] ?? []);
  const type =
    foundBlocks.size === 0
      ? 'shortcut type "pad" (A) or "plain", which have no projections'
      : blocks.length > 0 && blocks.every((block) => foundBlocks.has(block))
        ? 'shortcut type "project-all" (C), with a projection in every block'
        : 'shortcut type "project" (B), with projections only where shapes change';
  return `the weights look like ${type}; build the network with it`;
}

function projectedBlocks(names: Iterable<string>): ReadonlySet<string> {
  return new Set([...names].flatMap((name) => (projection.test(name) ? [projection.exec(name)?.[1] ?? ""] : [])));
}

function sameMembers(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((member) => b.has(member));
}
