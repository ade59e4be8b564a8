import type { Words } from "../../report/words.ts";

/** "1:05 left". */
export function describeTimeLeft(seconds: number): Words {
  const whole = Math.max(0, Math.round(seconds));
  const time = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  return { en: `${time} left`, zh: `剩余 ${time}` };
}

/** A guess beforehand: "about 40 seconds", "about 3 minutes". */
export function describeDuration(seconds: number): Words {
  if (seconds < 90) {
    const tens = Math.max(10, 10 * Math.round(seconds / 10));
    return { en: `about ${tens} seconds`, zh: `约 ${tens} 秒` };
  }
  const minutes = Math.round(seconds / 60);
  return { en: `about ${minutes} minutes`, zh: `约 ${minutes} 分钟` };
}
