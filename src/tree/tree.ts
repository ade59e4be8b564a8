/** A value with others below it, in order. Plain data: a tree is built once and never changed. */
export interface Tree<T> {
  readonly value: T;
  readonly children: readonly Tree<T>[];
}

/** Makes a tree; a leaf if no children are given. */
export function createTree<T>(value: T, children: readonly Tree<T>[] = []): Tree<T> {
  return { value, children };
}

/**
 * Builds a tree downwards from one value.
 *
 * @param childrenOf the values directly below one
 */
export function growTree<T>(root: T, childrenOf: (value: T) => Iterable<T>): Tree<T> {
  return { value: root, children: Array.from(childrenOf(root), (child) => growTree(child, childrenOf)) };
}

/** The same tree with each value mapped. */
export function mapTree<T, U>(tree: Tree<T>, change: (value: T) => U): Tree<U> {
  const made = new Map<Tree<T>, Tree<U>>();
  for (const { tree: node } of walkTree(tree, "post-order"))
    made.set(node, { value: change(node.value), children: node.children.map((child) => made.get(child)!) });
  return made.get(tree)!;
}

/** Parents before their children, after them, or level by level. */
export type WalkOrder = "pre-order" | "post-order" | "breadth-first";

/** A value met on a walk, with its place. */
export interface TreeVisit<T> {
  readonly tree: Tree<T>;
  readonly value: T;
  /** 0 at the root. */
  readonly depth: number;
  /** The visit of the tree that this one is directly below; none at the root. */
  readonly parent?: TreeVisit<T>;
}

/** Visits every value of a tree once, siblings in their order; does not recurse, so trees may be deep. */
export function* walkTree<T>(tree: Tree<T>, order: WalkOrder = "pre-order"): Generator<TreeVisit<T>> {
  const root: TreeVisit<T> = { tree, value: tree.value, depth: 0 };
  if (order === "breadth-first") {
    for (let level = [root]; level.length > 0; level = level.flatMap(visitChildren)) yield* level;
    return;
  }
  const waiting = [{ visit: root, isOpened: false }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { visit, isOpened } = next;
    if (order === "pre-order" || isOpened) yield visit;
    if (isOpened) continue;
    if (order === "post-order") waiting.push({ visit, isOpened: true });
    for (const child of visitChildren(visit).toReversed()) waiting.push({ visit: child, isOpened: false });
  }
}

function visitChildren<T>(parent: TreeVisit<T>): TreeVisit<T>[] {
  return parent.tree.children.map((tree) => ({ tree, value: tree.value, depth: parent.depth + 1, parent }));
}

/** The first wanted value in pre-order, with its place. */
export function findInTree<T>(tree: Tree<T>, isWanted: (value: T) => boolean): TreeVisit<T> | undefined {
  for (const visit of walkTree(tree)) if (isWanted(visit.value)) return visit;
  return undefined;
}

/** The values from the root down to a visited one. */
export function lineageOf<T>(visit: TreeVisit<T>): readonly T[] {
  const line: T[] = [];
  for (let at: TreeVisit<T> | undefined = visit; at !== undefined; at = at.parent) line.push(at.value);
  return line.toReversed();
}

/** The tree with only the wanted values and those above them; undefined if none is wanted. */
export function pruneTree<T>(tree: Tree<T>, isWanted: (value: T) => boolean): Tree<T> | undefined {
  const kept = new Map<Tree<T>, Tree<T> | undefined>();
  for (const { tree: node } of walkTree(tree, "post-order")) {
    const children = node.children.flatMap((child) => kept.get(child) ?? []);
    kept.set(node, children.length > 0 || isWanted(node.value) ? { value: node.value, children } : undefined);
  }
  return kept.get(tree);
}
