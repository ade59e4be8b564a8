import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { say } from "../language.ts";
import { saveFile } from "../save-file.ts";
import { Outlines, Straightened } from "./picture.tsx";
import { describePlateKind, formatShare } from "./plate.tsx";
import type { SeenPlate } from "./seen.ts";
import { closeSource, framesState, readFrame, refuse, type Source } from "./state.ts";

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Reads a video's frames one after another, each as soon as the one before was read; one that stands still is read once. */
async function readFrames(video: HTMLVideoElement, isOver: () => boolean): Promise<void> {
  let last = Number.NaN;
  while (!isOver()) {
    const at = video.currentTime;
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || at === last) {
      await pause(40);
      continue;
    }
    last = at;
    if (!(await readFrame(await createImageBitmap(video), at))) return;
  }
}

function Player({ source }: { readonly source: Exclude<Source, { readonly kind: "picture" }> }): JSX.Element {
  const video = useRef<HTMLVideoElement>(null);
  const { latest } = framesState.value;
  const isFile = source.kind === "video";
  useEffect(() => {
    const element = video.current!;
    let isOver = false;
    const address = source.kind === "video" ? URL.createObjectURL(source.file) : undefined;
    if (source.kind === "camera") element.srcObject = source.stream;
    else element.src = address!;
    // A browser that lets nothing play by itself shows its button.
    element.play().catch(() => undefined);
    void readFrames(element, () => isOver);
    return () => {
      isOver = true;
      element.srcObject = null;
      if (address === undefined) return;
      element.removeAttribute("src");
      element.load();
      URL.revokeObjectURL(address);
    };
  }, [source]);
  const fail = (): void =>
    refuse(
      isFile
        ? {
            en: `${source.file.name} is no video that this browser plays; convert it to MP4 (H.264) or WebM.`,
            zh: `${source.file.name} 不是本浏览器能播放的视频；请转换为 MP4（H.264）或 WebM。`,
          }
        : { en: "The camera gives no picture any more.", zh: "摄像头不再给出画面。" },
    );
  const label = isFile ? source.file.name : say({ en: "The camera's picture", zh: "摄像头画面" });
  return (
    <div class="plate-picture">
      <video ref={video} muted playsInline controls={isFile} aria-label={label} onError={fail} />
      {latest !== undefined && <Outlines width={latest.width} height={latest.height} plates={latest.plates} />}
    </div>
  );
}

const formatSeconds = (seconds: number): string => `${seconds.toFixed(1)} s`;

async function saveSeen(seen: readonly SeenPlate[]): Promise<void> {
  const { encodeCsv } = await import("../../../files/csv.ts");
  const rows = seen.map(({ plate: { text, colour, type, rows: lines, confidence }, frames, first, last }) => [
    text,
    colour,
    type,
    lines,
    confidence,
    frames,
    first,
    last,
  ]);
  const head = ["text", "colour", "type", "rows", "confidence", "frames", "first_s", "last_s"];
  saveFile(encodeCsv([head, ...rows]), "plates.csv", "text/csv");
}

function SeenTable({ seen }: { readonly seen: readonly SeenPlate[] }): JSX.Element {
  const label = say({ en: "Plates seen so far", zh: "目前见到的车牌" });
  return (
    <div class="seen" tabIndex={0} role="group" aria-label={label}>
      <table>
        <thead>
          <tr>
            <th scope="col">{say({ en: "plate", zh: "车牌" })}</th>
            <th scope="col">{say({ en: "surest picture", zh: "最清楚的画面" })}</th>
            <th scope="col">{say({ en: "weakest character", zh: "最弱的字符" })}</th>
            <th scope="col">{say({ en: "frames", zh: "帧数" })}</th>
            <th scope="col">{say({ en: "last", zh: "最后" })}</th>
          </tr>
        </thead>
        <tbody>
          {seen.map(({ plate, frames, last }) => (
            <tr key={plate.text}>
              <th scope="row">
                {plate.text} <span class="quiet">{describePlateKind(plate)}</span>
              </th>
              <td>
                <Straightened plate={plate} />
              </td>
              <td class="right">{formatShare(plate.confidence)}</td>
              <td class="right">{frames}</td>
              <td class="right">{formatSeconds(last)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A video or the camera with its plates outlined as they are read, and all plates seen so far. */
export function Frames({ source }: { readonly source: Exclude<Source, { readonly kind: "picture" }> }): JSX.Element {
  const { seen, count, rate } = framesState.value;
  const speed = rate === undefined ? "" : rate.toFixed(1);
  return (
    <div class="plates">
      <Player source={source} />
      <section class="panel">
        <h2>{say({ en: "Seen so far", zh: "目前见到" })}</h2>
        <p class="quiet">
          {say({ en: `${count} frames read`, zh: `已读取 ${count} 帧` })}
          {speed !== "" && say({ en: `, ${speed} a second`, zh: `，每秒 ${speed} 帧` })}
        </p>
        <p class="controls">
          <button type="button" onClick={closeSource}>
            {source.kind === "camera"
              ? say({ en: "Stop the camera", zh: "关闭摄像头" })
              : say({ en: "Close the video", zh: "关闭视频" })}
          </button>
          <button type="button" disabled={seen.length === 0} onClick={() => void saveSeen(seen)}>
            {say({ en: "Download CSV", zh: "下载 CSV" })}
          </button>
        </p>
        {seen.length > 0 && <SeenTable seen={seen} />}
      </section>
    </div>
  );
}
