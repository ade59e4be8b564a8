import type { Words } from "../../report/words.ts";

const unknown = (detail: string): Words => ({
  en: `The camera gives no picture (${detail}); drop a file in its place.`,
  zh: `摄像头没有给出画面（${detail}）；请改为拖入文件。`,
});

/** By the names of the errors of `getUserMedia`. */
const reasons: Readonly<Record<string, Words>> = {
  NotAllowedError: {
    en: "The camera was refused. Allow it for this page in the browser's settings and try again, or drop a file in its place.",
    zh: "摄像头被拒绝。请在浏览器设置中允许本页使用后重试，或改为拖入文件。",
  },
  NotFoundError: {
    en: "This device has no camera; drop a file in its place.",
    zh: "本设备没有摄像头；请改为拖入文件。",
  },
  NotReadableError: {
    en: "Another program uses the camera; end it there and try again, or drop a file in its place.",
    zh: "摄像头正被其他程序使用；请在那里关闭后重试，或改为拖入文件。",
  },
};

/** A camera's pictures, or why there are none. */
export type Camera = { readonly stream: MediaStream } | { readonly problem: Words };

/** Asks for the camera, the one that looks away from the reader if there are two; its pictures stay in the page. */
export async function openCamera(): Promise<Camera> {
  // Browsers offer cameras to pages over HTTPS and to those of this machine alone.
  if (navigator.mediaDevices === undefined) return { problem: unknown("HTTP") };
  try {
    const video = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
    return { stream: await navigator.mediaDevices.getUserMedia({ video }) };
  } catch (error) {
    const { name } = error as DOMException;
    return { problem: reasons[name] ?? unknown(name) };
  }
}

/** Ends a camera; its light goes out. */
export function closeCamera(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
