import { expect, test } from "vitest";
import {
  boxOverlap,
  type Corners,
  findHomography,
  mapPoint,
  orderCorners,
  quadOverlap,
  rectangle,
  scaleCorners,
  skewCorners,
} from "./geometry.ts";
import { resizePixels } from "./resize.ts";
import { straighten } from "./straighten.ts";

const corners: Corners = [
  [10, 20],
  [110, 30],
  [120, 70],
  [5, 55],
];

test("a homography maps corner to corner, and the middle to where the diagonals cross", () => {
  const h = findHomography(rectangle(144, 48), corners)!;
  rectangle(144, 48).forEach((corner, index) => {
    mapPoint(h, corner).forEach((value, axis) => expect(value).toBeCloseTo(corners[index][axis], 9));
  });
  // (10,20)–(120,70) and (110,30)–(5,55): 10 + 110t = 110 − 105s, 20 + 50t = 30 + 25s; t = 0.508…
  const [x, y] = mapPoint(h, [72, 24]);
  const t = (100 * 25 + 105 * 10) / (110 * 25 + 105 * 50);
  expect([x, y]).toEqual([expect.closeTo(10 + 110 * t, 9), expect.closeTo(20 + 50 * t, 9)]);
});

test("three corners on a line have no homography", () => {
  expect(
    findHomography(
      [
        [0, 0],
        [1, 1],
        [2, 2],
        [0, 2],
      ],
      rectangle(2, 2),
    ),
  ).toBeNull();
});

test.each([
  ["as they are", [0, 1, 2, 3]],
  ["the other way round", [3, 2, 1, 0]],
  ["crossed", [0, 2, 1, 3]],
  ["from the lower right", [2, 3, 0, 1]],
])("corners are put in order, given %s", (_, order) => {
  expect(orderCorners(order.map((index) => corners[index]))).toEqual(corners);
});

test.each([
  [
    "three",
    [
      [0, 0],
      [1, 0],
      [1, 1],
    ],
  ],
  [
    "one inside of the others' triangle",
    [
      [0, 0],
      [100, 0],
      [50, 100],
      [50, 30],
    ],
  ],
  [
    "two at one place",
    [
      [0, 0],
      [0, 0],
      [10, 10],
      [0, 10],
    ],
  ],
  [
    "one not a number",
    [
      [Number.NaN, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ],
  ],
] as const)("%s are no corners of a plate", (_, points) => {
  expect(orderCorners(points)).toBeNull();
});

test("overlaps are shares of the union", () => {
  expect(boxOverlap([0, 0, 2, 2], [1, 0, 3, 2])).toBeCloseTo(1 / 3, 12);
  expect(boxOverlap([0, 0, 1, 1], [1, 1, 2, 2])).toBe(0);
  const square = rectangle(2, 2);
  const moved = square.map(([x, y]) => [x + 1, y]) as unknown as Corners;
  expect(quadOverlap(square, moved)).toBeCloseTo(1 / 3, 12);
  // The diamond in a square has half its area.
  expect(
    quadOverlap(square, [
      [1, 0],
      [2, 1],
      [1, 2],
      [0, 1],
    ]),
  ).toBeCloseTo(0.5, 12);
});

test("straightening an upright rectangle copies it; a half-turned one is turned back", () => {
  const image = { width: 4, height: 2, data: Uint8Array.from({ length: 24 }, (_, index) => index * 10) };
  expect(straighten(image, rectangle(4, 2), 4, 2)!.data).toEqual(image.data);
  const turned = straighten(
    image,
    [
      [4, 2],
      [0, 2],
      [0, 0],
      [4, 0],
    ],
    4,
    2,
  )!;
  const points = (data: ArrayLike<number>): readonly string[] =>
    Array.from({ length: 8 }, (_, index) => [0, 1, 2].map((c) => data[3 * index + c]).join());
  expect(points(turned.data)).toEqual(points(image.data).toReversed());
});

test("shrinking takes means over areas", () => {
  const image = { width: 3, height: 1, data: Uint8Array.of(0, 0, 0, 90, 90, 90, 30, 30, 30) };
  // 3 pixels to 2: (0 + 90/2)/1.5 = 30, (90/2 + 30)/1.5 = 50.
  expect([...resizePixels(image, 2, 1).data]).toEqual([30, 30, 30, 50, 50, 50]);
  expect([...resizePixels(image, 1, 1).data]).toEqual([40, 40, 40]);
});

test("a plate grows about its middle, along its own sides", () => {
  const grown = scaleCorners(rectangle(100, 40), 1.1, 0.5).flat();
  [-5, 10, 105, 10, 105, 30, -5, 30].forEach((value, index) => expect(grown[index]).toBeCloseTo(value, 9));
  scaleCorners(corners, 1, 1).forEach((corner, index) => {
    corner.forEach((value, axis) => expect(value).toBeCloseTo(corners[index][axis], 9));
  });
});

test("corners are skewed along their own sides, in shares of the height, about the middle", () => {
  expect(skewCorners(rectangle(100, 40), 0.25, 0.1)).toEqual([
    [10, -4],
    [110, 4],
    [90, 44],
    [-10, 36],
  ]);
  // Turned by a quarter: across runs down, down runs to the left.
  const turned: Corners = [
    [40, 0],
    [40, 100],
    [0, 100],
    [0, 0],
  ];
  expect(skewCorners(turned, 0.25, 0.1)).toEqual([
    [44, 10],
    [36, 110],
    [-4, 90],
    [4, -10],
  ]);
});
