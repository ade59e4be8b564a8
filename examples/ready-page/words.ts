/** What the page says, in English and Chinese. */
const words = {
  title: { en: "Plates and cells", zh: "车牌与细胞" },
  lead: {
    en: "The networks run in this page: pictures stay on this device.",
    zh: "网络就在本页面中运行：图像不会离开本设备。",
  },
  task: { en: "Find", zh: "查找" },
  plates: { en: "licence plates", zh: "车牌" },
  cells: { en: "cells", zh: "细胞" },
  drop: { en: "Drop or choose a picture:", zh: "拖入或选择一幅图像：" },
  loading: { en: "Loading the network …", zh: "正在加载网络……" },
  looking: { en: "Looking at the picture …", zh: "正在查看图像……" },
  plate: { en: "plate", zh: "车牌" },
  colour: { en: "colour", zh: "颜色" },
  weakest: { en: "weakest character", zh: "最弱字符" },
  area: { en: "points", zh: "像素数" },
  blue: { en: "blue", zh: "蓝色" },
  yellow: { en: "yellow", zh: "黄色" },
  green: { en: "green", zh: "绿色" },
  white: { en: "white", zh: "白色" },
  black: { en: "black", zh: "黑色" },
} as const;

const language: "en" | "zh" = navigator.language.startsWith("zh") ? "zh" : "en";

export type Word = keyof typeof words;

export function say(word: Word): string {
  return words[word][language];
}

/** Such as "2 plates found". */
export function sayCount(task: "plates" | "cells", count: number): string {
  if (language === "zh") return task === "plates" ? `找到 ${count} 块车牌。` : `找到 ${count} 个细胞。`;
  return `${count} ${count === 1 ? task.slice(0, -1) : task} found.`;
}

/** Fills in the page's own texts. */
export function fillIn(): void {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = say("title");
  for (const element of document.querySelectorAll<HTMLElement>("[data-words]"))
    element.textContent = say(element.dataset["words"] as Word);
}
