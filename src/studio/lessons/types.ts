import { describeModule } from "../../nn/describe.ts";
import { createModel } from "../../nn/models.ts";
import type { Shape } from "../../tensor/shape.ts";

/** The types that the lesson compares, in the paper's order. */
export const lessonTypes: readonly ["plain", "pad", "project", "project-all"] = [
  "plain",
  "pad",
  "project",
  "project-all",
];

/** One of them. */
export type LessonType = (typeof lessonTypes)[number];

/** What a type makes of a network, and of the block in which the shape changes. */
export interface TypeCosts {
  readonly parameters: number;
  readonly multiplyAdds: number;
  /** Of the shortcuts alone. */
  readonly shortcutParameters: number;
  readonly changing: BlockFacts;
  readonly keeping: BlockFacts;
}

/** One block: shapes `[channels, H, W]`, and what its shortcut resolves to. */
export interface BlockFacts {
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  readonly shortcut: string;
}

/** The network of the lesson's numbers. */
const network = { name: "resnet20", imageShape: [3, 32, 32], changing: "layer2.0", keeping: "layer2.1" } as const;

/** Computes what the lesson says of a type from the network itself. */
export function describeType(type: LessonType): TypeCosts {
  const { name, imageShape, changing, keeping } = network;
  const { module } = createModel(name, { shortcut: type, channels: imageShape[0], classes: 10 });
  const { parameters, multiplyAdds, blocks, shortcuts } = describeModule(module, imageShape);
  const factsOf = (path: string): BlockFacts => {
    const { inputShape, outputShape, shortcut = "none" } = blocks.find((block) => block.path === path)!;
    return { inputShape, outputShape, shortcut };
  };
  return {
    parameters,
    multiplyAdds,
    shortcutParameters: shortcuts.parameters,
    changing: factsOf(changing),
    keeping: factsOf(keeping),
  };
}
