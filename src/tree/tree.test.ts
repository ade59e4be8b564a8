import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  buildPathTree,
  buildTrees,
  createTree,
  drawTrees,
  findInTree,
  growTree,
  lineageOf,
  mapTree,
  printTree,
  pruneTree,
  type Tree,
  type WalkOrder,
  walkTree,
} from "./index.ts";

const runs = [
  { id: "b", from: "a" },
  { id: "a", from: undefined },
  { id: "c", from: "a" },
  { id: "d", from: "b" },
  { id: "e", from: undefined },
  { id: "f", from: "b" },
];
const links = {
  id: (run: (typeof runs)[number]) => run.id,
  parent: (run: (typeof runs)[number]) => run.from,
};
const namesIn = (tree: Tree<(typeof runs)[number]>, order: WalkOrder): string =>
  Array.from(walkTree(tree, order), ({ value }) => value.id).join("");

const trees: fc.Arbitrary<Tree<number>> = fc.letrec<{ tree: Tree<number> }>((tie) => ({
  tree: fc.record({
    value: fc.integer({ min: 0, max: 99 }),
    children: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constant([]),
      fc.array(tie("tree"), { maxLength: 4 }),
    ),
  }),
})).tree;

describe("building", () => {
  test("a list of runs and what each went on from becomes trees, in the list's order", () => {
    expect(buildTrees(runs, links).map((tree) => printTree(tree, ({ id }) => id))).toEqual([
      "a\n├─ b\n│  ├─ d\n│  └─ f\n└─ c",
      "e",
    ]);
  });

  test("a circle, a name that comes twice and a parent that is missing are refused by name", () => {
    const build = (items: typeof runs): unknown => buildTrees(items, links);
    expect(() => build([...runs, { id: "x", from: "y" }, { id: "y", from: "x" }])).toThrow('"x" is below itself');
    expect(() => build([...runs, { id: "c", from: "a" }])).toThrow('two items are called "c"');
    expect(() => build([{ id: "x", from: "gone" }])).toThrow('"x" is below "gone", which is not in the list');
    expect(buildTrees([{ id: "x", from: "gone" }], { ...links, orphans: "root" })).toHaveLength(1);
  });

  test("names of a state dict become the tree of modules, whatever they are called", () => {
    const tree = buildPathTree([
      ["conv1.weight", 1],
      ["layer1.0.conv1.weight", 2],
      ["layer1.0.bn1.weight", 3],
      ["constructor.__proto__", 4],
      ["conv1", 5],
    ]);
    expect(printTree(tree, ({ name, item }) => `${name}${item === undefined ? "" : `=${item}`}`)).toBe(
      [
        "",
        "├─ conv1=5",
        "│  └─ weight=1",
        "├─ layer1",
        "│  └─ 0",
        "│     ├─ conv1",
        "│     │  └─ weight=2",
        "│     └─ bn1",
        "│        └─ weight=3",
        "└─ constructor",
        "   └─ __proto__=4",
      ].join("\n"),
    );
    expect(() =>
      buildPathTree([
        ["a", 1],
        ["a", 2],
      ]),
    ).toThrow('the path "a" comes twice');
  });

  test("a tree written as parent links is built again as it was", () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const visits = [...walkTree(tree)];
        const places = new Map(visits.map((visit, index) => [visit, String(index)]));
        const items = visits.map((visit) => ({
          id: places.get(visit)!,
          parent: visit.parent === undefined ? undefined : places.get(visit.parent),
          value: visit.value,
        }));
        const [built, ...others] = buildTrees(items, { id: ({ id }) => id, parent: ({ parent }) => parent });
        expect(others).toEqual([]);
        expect(mapTree(built, ({ value }) => value)).toEqual(tree);
      }),
    );
  });
});

describe("walking and searching", () => {
  const [tree] = buildTrees(runs, links);

  test("each order is the one of its name", () => {
    expect(namesIn(tree, "pre-order")).toBe("abdfc");
    expect(namesIn(tree, "post-order")).toBe("dfbca");
    expect(namesIn(tree, "breadth-first")).toBe("abcdf");
  });

  test("a found value knows its depth and all above it", () => {
    const found = findInTree(tree, ({ id }) => id === "f")!;
    expect(found.depth).toBe(2);
    expect(lineageOf(found).map(({ id }) => id)).toEqual(["a", "b", "f"]);
    expect(findInTree(tree, ({ id }) => id === "e")).toBeUndefined();
  });

  test("pruning keeps what is wanted and the way to it", () => {
    expect(
      printTree(
        pruneTree(tree, ({ id }) => id === "d")!,
        ({ id }) => id,
      ),
    ).toBe("a\n└─ b\n   └─ d");
    expect(pruneTree(tree, () => false)).toBeUndefined();
  });

  test("every order visits every value once; parents come before or after their children as it says", () => {
    fc.assert(
      fc.property(trees, (any) => {
        const [before, after, level] = (["pre-order", "post-order", "breadth-first"] as const).map((order) =>
          Array.from(walkTree(any, order), (visit) => visit.tree),
        );
        expect(new Set(after)).toEqual(new Set(before));
        expect(level).toHaveLength(before.length);
        for (const node of before)
          for (const child of node.children) {
            expect(before.indexOf(child)).toBeGreaterThan(before.indexOf(node));
            expect(after.indexOf(child)).toBeLessThan(after.indexOf(node));
            expect(level.indexOf(child)).toBeGreaterThan(level.indexOf(node));
          }
      }),
    );
  });

  test("a tree 100,000 deep is walked, changed and pruned", () => {
    let deep = createTree(0);
    for (let value = 1; value < 100_000; value++) deep = createTree(value, [deep]);
    for (const order of ["pre-order", "post-order", "breadth-first"] as const)
      expect([...walkTree(deep, order)]).toHaveLength(100_000);
    expect(mapTree(deep, (value) => value + 1).value).toBe(100_000);
    expect(pruneTree(deep, (value) => value === 99_999)?.children).toEqual([]);
  });
});

describe("drawing", () => {
  test("every value and every link is drawn, rows do not meet, and text stays text", () => {
    const tree = growTree(3, (value) => (value > 0 ? [value - 1, 0] : []));
    const svg = drawTrees([tree, createTree(7)], { label: (value) => `<${value}>`, title: 'a & "b"' });
    const spots = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => `${x},${y}`);
    expect(new Set(spots).size).toBe([...walkTree(tree)].length + 1);
    expect(svg.match(/<path /g)).toHaveLength([...walkTree(tree)].length - 1);
    expect(svg).toContain("<title>a &amp; &quot;b&quot;</title>");
    expect(svg).toContain(">&lt;7&gt;</text>");
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});
