import type { Words } from "../../report/words.ts";
import type { RunStatus } from "../../store/run.ts";

/** How runs stand, as tables say it. */
export const statusWords: { readonly [Status in RunStatus]: Words } = {
  running: { en: "running", zh: "进行中" },
  done: { en: "done", zh: "已完成" },
  stopped: { en: "stopped", zh: "已停止" },
  diverged: { en: "diverged", zh: "已发散" },
  crashed: { en: "crashed", zh: "已崩溃" },
};
