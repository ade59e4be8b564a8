import { type Tree, type TreeVisit, walkTree } from "./tree.ts";

/**
 * A tree as text, one line per value:
 *
 * ```
 * resnet20
 * ├─ conv1
 * └─ layer1
 *    └─ 0
 * ```
 *
 * @param label a value's text, on one line
 */
export function printTree<T>(tree: Tree<T>, label: (value: T) => string = String): string {
  const lines: string[] = [];
  const stems = new Map<TreeVisit<T>, string>();
  for (const visit of walkTree(tree)) {
    const { parent } = visit;
    if (parent === undefined) {
      stems.set(visit, "");
      lines.push(label(visit.value));
      continue;
    }
    const stem = stems.get(parent)!;
    const isLast = parent.tree.children.at(-1) === visit.tree;
    stems.set(visit, `${stem}${isLast ? "   " : "│  "}`);
    lines.push(`${stem}${isLast ? "└─ " : "├─ "}${label(visit.value)}`);
  }
  return lines.join("\n");
}
