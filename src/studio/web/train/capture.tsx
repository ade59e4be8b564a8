import { type Signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Words } from "../../../report/words.ts";
import { imageLimits } from "../../pictures/image-limits.ts";
import { closeCamera, openCamera } from "../camera.ts";
import type { DroppedFile } from "../dropped.ts";
import { say } from "../language.ts";
import { Problem } from "../parts/problem.tsx";
import type { ImageSource } from "./read-job.ts";

/** From one picture to the next while pictures are taken. */
const MILLISECONDS = 150;
/** Rows of a picture that is kept: networks of this page see far fewer. */
const ROWS = 192;
/** Pictures of one class at most. */
const MOST = 500;

/** A class with the pictures that were taken of it. */
interface Taken {
  readonly name: string;
  readonly files: readonly DroppedFile[];
}

/** Why a class cannot have a name; undefined if it can. */
function refuseName(name: string): Words | undefined {
  if (name === "") return { en: "Name the class first.", zh: "请先给类别命名。" };
  if (/[/\\]/.test(name) || /^(train|test)$/i.test(name))
    return {
      en: `The class is called ${name}, must have another name than train or test, without slashes.`,
      zh: `类别名为 ${name}；不能是 train 或 test，也不能含斜杠。`,
    };
  return undefined;
}

async function takePicture(video: HTMLVideoElement, path: string): Promise<DroppedFile | undefined> {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return undefined;
  const scale = Math.min(1, ROWS / video.videoHeight);
  const size = [video.videoWidth, video.videoHeight].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = new OffscreenCanvas(size[0], size[1]);
  canvas.getContext("2d")!.drawImage(video, 0, 0, size[0], size[1]);
  const blob = await canvas.convertToBlob({ type: "image/png" });
  return { path, file: new File([blob], path.split("/").at(-1)!, { type: "image/png" }) };
}

/** Counts who takes pictures: the one before may still be at its last when the next begins. */
let turns = 0;

/** Takes pictures of a class while it is asked to. */
async function takeAll(
  video: HTMLVideoElement,
  name: string,
  { taken, taking }: { readonly taken: Signal<readonly Taken[]>; readonly taking: Signal<boolean> },
): Promise<void> {
  const own = ++turns;
  const isOn = (): boolean => taking.value && turns === own;
  taking.value = true;
  while (isOn()) {
    const files = taken.value.find((one) => one.name === name)?.files ?? [];
    if (files.length >= MOST) break;
    const number = String(files.length + 1).padStart(4, "0");
    const file = await takePicture(video, `camera/${name}/${number}.png`);
    if (file !== undefined && isOn()) {
      const all = { name, files: [...files, file] };
      const others = taken.value.filter((one) => one.name !== name);
      const place = taken.value.findIndex((one) => one.name === name);
      taken.value = place < 0 ? [...others, all] : taken.value.with(place, all);
    }
    await new Promise((resolve) => setTimeout(resolve, MILLISECONDS));
  }
  if (turns === own) taking.value = false;
}

function Camera({
  stream,
  onSource,
}: {
  readonly stream: MediaStream;
  readonly onSource: (source: ImageSource) => void;
}): JSX.Element {
  const video = useRef<HTMLVideoElement>(null);
  const name = useSignal("");
  const taken = useSignal<readonly Taken[]>([]);
  const taking = useSignal(false);
  const refused = useSignal<Words | undefined>(undefined);
  useEffect(() => {
    video.current!.srcObject = stream;
    void video.current!.play();
    return () => {
      taking.value = false;
      closeCamera(stream);
    };
  }, [stream]);
  const toggle = (): void => {
    const own = name.value.trim();
    refused.value = taking.value ? undefined : refuseName(own);
    if (taking.value) taking.value = false;
    else if (refused.value === undefined) void takeAll(video.current!, own, { taken, taking });
  };
  const least = imageLimits.leastOfClass;
  return (
    <div class="capture">
      <video ref={video} muted playsInline aria-label={say({ en: "The camera's picture", zh: "摄像头画面" })} />
      <div>
        <p class="settings">
          <label>
            {say({ en: "Class", zh: "类别" })}
            <input
              type="text"
              name="class"
              maxLength={60}
              value={name.value}
              disabled={taking.value}
              onInput={({ currentTarget }) => (name.value = currentTarget.value)}
            />
          </label>
          <button type="button" aria-pressed={taking.value} onClick={toggle}>
            {taking.value ? say({ en: "Stop taking", zh: "停止拍摄" }) : say({ en: "Take pictures", zh: "开始拍摄" })}
          </button>
        </p>
        <Problem words={refused.value} />
        <ul class="taken">
          {taken.value.map(({ name: own, files }) => (
            <li key={own}>
              <b>{own}</b> {say({ en: `${files.length} pictures`, zh: `${files.length} 张` })}{" "}
              <button
                type="button"
                disabled={taking.value}
                aria-label={say({ en: `Remove ${own}`, zh: `删除 ${own}` })}
                onClick={() => (taken.value = taken.value.filter((one) => one.name !== own))}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
        <p class="quiet">
          {say({
            en: `Name a class, hold its things before the camera and take ${least} pictures or more; then the next class. Move them: a picture that is there twice is left out.`,
            zh: `给类别命名，把东西举到摄像头前，拍 ${least} 张或更多；然后换下一个类别。请移动物体：重复的图像会被略去。`,
          })}
        </p>
        <button
          type="button"
          disabled={taking.value || taken.value.length < 2}
          onClick={() => onSource({ kind: "files", files: taken.value.flatMap(({ files }) => files) })}
        >
          {say({ en: "Use these pictures", zh: "使用这些图像" })}
        </button>
      </div>
    </div>
  );
}

/** Classes taken with the camera, in place of files. */
export function Capture({ onSource }: { readonly onSource: (source: ImageSource) => void }): JSX.Element {
  const stream = useSignal<MediaStream | undefined>(undefined);
  const problem = useSignal<Words | undefined>(undefined);
  const isShown = useRef(true);
  useEffect(() => () => void (isShown.current = false), []);
  const start = async (): Promise<void> => {
    const camera = await openCamera();
    if ("problem" in camera) problem.value = camera.problem;
    else if (isShown.current) [stream.value, problem.value] = [camera.stream, undefined];
    else closeCamera(camera.stream);
  };
  if (stream.value !== undefined) return <Camera stream={stream.value} onSource={onSource} />;
  return (
    <>
      <p class="capture-start">
        <button type="button" onClick={() => void start()}>
          {say({ en: "Take pictures with the camera", zh: "用摄像头拍摄" })}
        </button>
      </p>
      <Problem words={problem.value} />
    </>
  );
}
