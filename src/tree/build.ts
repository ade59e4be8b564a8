import { OptionError } from "../tensor/errors.ts";
import { quote } from "../tensor/printable.ts";
import type { Tree } from "./tree.ts";

/** How the items of a list are named, and which item each one is below. */
export interface ParentLinks<T> {
  readonly id: (item: T) => string;
  /** The item directly above; none for a root. */
  readonly parent: (item: T) => string | undefined;
  /** What becomes of an item whose parent is not in the list; "refuse" if left out. */
  readonly orphans?: "root" | "refuse";
}

/**
 * Builds trees from a list in which every item names its parent, such as runs and the run each went on from. Siblings
 * and roots keep the list's order; a parent may come after its children.
 *
 * @throws {OptionError} if two items share a name, a parent is not in the list, or items form a cycle
 */
export function buildTrees<T>(
  items: readonly T[],
  { id, parent, orphans = "refuse" }: ParentLinks<T>,
): readonly Tree<T>[] {
  const nodes = new Map<string, { readonly value: T; readonly children: Tree<T>[] }>();
  for (const value of items) {
    if (nodes.has(id(value))) throw new OptionError("tree", `two items are called ${quote(id(value))}`);
    nodes.set(id(value), { value, children: [] });
  }
  const roots: Tree<T>[] = [];
  for (const [name, node] of nodes) {
    const above = parent(node.value);
    const home = above === undefined ? undefined : nodes.get(above);
    if (above !== undefined && home === undefined && orphans === "refuse")
      throw new OptionError("tree", `${quote(name)} is below ${quote(above)}, which is not in the list`);
    (home?.children ?? roots).push(node);
  }
  refuseCircles(items, { id, parent });
  return roots;
}

function refuseCircles<T>(items: readonly T[], { id, parent }: ParentLinks<T>): void {
  const above = new Map(items.map((item) => [id(item), parent(item)]));
  const sound = new Set<string>();
  for (const start of above.keys()) {
    const line = new Set<string>();
    for (let at: string | undefined = start; at !== undefined && !sound.has(at); at = above.get(at)) {
      if (line.has(at)) throw new OptionError("tree", `${quote(at)} is below itself`);
      line.add(at);
    }
    for (const name of line) sound.add(name);
  }
}

/** A place in a tree of paths. */
export interface PathNode<T> {
  /** The last part of the path; empty at the root. */
  readonly name: string;
  readonly path: string;
  /** The list's item at this path; undefined for a place that only leads to others. */
  readonly item?: T;
}

/**
 * Builds one tree from a list of paths, such as the names of a state dict: "layer1.0.conv1.weight" lies below
 * "layer1.0.conv1". The root has the empty path.
 *
 * @param separator between the parts of a path, "." if left out
 * @throws {OptionError} if a path occurs twice
 */
export function buildPathTree<T>(
  entries: Iterable<readonly [path: string, item: T]>,
  separator: string = ".",
): Tree<PathNode<T>> {
  interface Place {
    value: PathNode<T>;
    readonly children: Place[];
  }
  const root: Place = { value: { name: "", path: "" }, children: [] };
  const places = new Map<string, Place>([["", root]]);
  const obtain = (parts: readonly string[]): Place => {
    let place = root;
    let path = "";
    parts.forEach((name, depth) => {
      path = depth === 0 ? name : `${path}${separator}${name}`;
      const known = places.get(path);
      const next = known ?? { value: { name, path }, children: [] };
      if (known === undefined) {
        places.set(path, next);
        place.children.push(next);
      }
      place = next;
    });
    return place;
  };
  for (const [path, item] of entries) {
    const place = path === "" ? root : obtain(path.split(separator));
    if ("item" in place.value) throw new OptionError("tree", `the path ${quote(path)} comes twice`);
    place.value = { ...place.value, item };
  }
  return root;
}
