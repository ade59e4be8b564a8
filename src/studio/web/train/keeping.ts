import type { Words } from "../../../report/words.ts";
import type { TrainState } from "./state.ts";

/** What is said of whether a training is kept. */
export interface KeepingWords {
  readonly words: Words;
  /** Whether they offer to go on, rather than tell what happens. */
  readonly isOffer: boolean;
}

type Known = Pick<TrainState, "phase" | "isKept" | "keptSteps" | "notKept" | "curve" | "job">;

/** Of a training that goes on in the server, and how much of it this browser keeps besides. */
function describeNative({ notKept, keptSteps = 0 }: Known): readonly Words[] {
  if (notKept !== undefined)
    return [
      {
        en: "It goes on in the server when this tab is closed, and is listed here from then on, to be stopped and downloaded: until the server ends. Its checkpoint is not kept in this tab: it cannot go on after that.",
        zh: "关闭此标签页后，训练在服务器中继续，并列在此页面上，可停止和下载：直到服务器结束。此标签页不保存它的检查点：服务器结束后无法继续训练。",
      },
    ];
  const goesOn: Words = {
    en: "It goes on in the server when this tab is closed, and is found again here: until it is done, stopped in any tab of this page, or the server ends.",
    zh: "关闭此标签页后，训练在服务器中继续，回到这里即可找到：直到完成，或在本页的任一标签页中停止，或服务器结束。",
  };
  if (keptSteps === 0) return [goesOn];
  const kept: Words = {
    en: `Kept up to step ${keptSteps}: should the server end, the training can go on from there.`,
    zh: `已保存到第 ${keptSteps} 步：如果服务器结束，可从这里继续训练。`,
  };
  return [goesOn, kept];
}

/** Of a training that ends with its page. */
function describeOwn({ phase, notKept, keptSteps = 0 }: Known): readonly Words[] {
  if (notKept !== undefined) return [notKept];
  if (phase !== "training" || keptSteps === 0) return [];
  return [
    {
      en: `Kept up to step ${keptSteps}: after a reload of this page, the training goes on from there.`,
      zh: `已保存到第 ${keptSteps} 步：刷新页面后从这里继续训练。`,
    },
  ];
}

/** What becomes of a training when its page is left, and what an earlier visit left. */
export function describeKeeping(known: Known): readonly KeepingWords[] {
  const { phase, isKept, curve, job } = known;
  const told = job === undefined ? describeOwn(known) : phase === "training" ? describeNative(known) : [];
  const offer: KeepingWords = {
    words: {
      en: `This training was kept from an earlier visit: ${curve.length} steps are done. Go on, or choose other images.`,
      zh: `这是上次访问时保存的训练：已完成 ${curve.length} 步。可以继续，或换一批图像。`,
    },
    isOffer: true,
  };
  return [...told.map((words) => ({ words, isOffer: false })), ...(isKept ? [offer] : [])];
}
