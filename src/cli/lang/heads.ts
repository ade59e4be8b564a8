import type { Words } from "../../report/words.ts";

type HeadName =
  | "kind"
  | "in"
  | "out"
  | "shortcut"
  | "parameters"
  | "multiplyAdds"
  | "depth"
  | "seed"
  | "status"
  | "steps"
  | "step"
  | "loss"
  | "name"
  | "classes"
  | "images"
  | "file";

/** Heads of columns that several tables have. */
export const heads: { readonly [Name in HeadName]: Words } = {
  kind: { en: "kind", zh: "种类" },
  in: { en: "in", zh: "输入" },
  out: { en: "out", zh: "输出" },
  shortcut: { en: "shortcut", zh: "快捷连接" },
  parameters: { en: "parameters", zh: "参数量" },
  multiplyAdds: { en: "multiply-adds", zh: "乘加次数" },
  depth: { en: "depth", zh: "深度" },
  seed: { en: "seed", zh: "种子" },
  status: { en: "status", zh: "状态" },
  steps: { en: "steps", zh: "步数" },
  step: { en: "step", zh: "步" },
  loss: { en: "loss", zh: "损失" },
  name: { en: "name", zh: "名称" },
  classes: { en: "classes", zh: "类别" },
  images: { en: "images", zh: "图像" },
  file: { en: "file", zh: "文件" },
};
