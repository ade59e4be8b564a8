import type { ComponentType } from "preact";
import type { Words } from "../../report/words.ts";

/** A page of the site; its code is loaded when it is first shown. */
export interface Page {
  readonly name: string;
  readonly title: Words;
  /** Whether all that it computes is computed in the page, whichever engine is chosen. */
  readonly isOwnEngine?: true;
  readonly load: () => Promise<ComponentType>;
}

/** In the order of the navigation; the first is shown if the address names none. */
export const pages: readonly Page[] = [
  {
    name: "learn",
    title: { en: "Learn", zh: "学习" },
    load: async () => (await import("./learn/page.tsx")).LearnPage,
  },
  {
    name: "compare",
    title: { en: "Compare", zh: "比较" },
    load: async () => (await import("./compare/page.tsx")).ComparePage,
  },
  {
    name: "network",
    title: { en: "Network", zh: "网络" },
    isOwnEngine: true,
    load: async () => (await import("./network/page.tsx")).NetworkPage,
  },
  {
    name: "train",
    title: { en: "Train", zh: "训练" },
    load: async () => (await import("./train/page.tsx")).TrainPage,
  },
  {
    name: "cells",
    title: { en: "Cells", zh: "细胞" },
    isOwnEngine: true,
    load: async () => (await import("./cells/page.tsx")).CellsPage,
  },
  {
    name: "plates",
    title: { en: "Plates", zh: "车牌" },
    isOwnEngine: true,
    load: async () => (await import("./plates/page.tsx")).PlatesPage,
  },
  {
    name: "runs",
    title: { en: "Runs", zh: "运行" },
    isOwnEngine: true,
    load: async () => (await import("./runs/page.tsx")).RunsPage,
  },
];
