import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Words } from "../../../report/words.ts";
import type { Dropped } from "../dropped.ts";
import { say } from "../language.ts";
import { ChooseFiles, DropZone } from "../parts/drop-zone.tsx";
import { drawPixels } from "../parts/pixels.ts";
import { Problem } from "../parts/problem.tsx";
import { saveFile } from "../save-file.ts";
import { Frames } from "./frames.tsx";
import { hideAll, PlatePicture } from "./picture.tsx";
import { PlatePanel } from "./plate.tsx";
import type { ReadEvent, ReadPlates } from "./read-service.ts";
import { leaveFrames, platesState, playVideo, readPicture, refuse, startCamera } from "./state.ts";

function takeFile(file: File): void {
  if (file.type.startsWith("video/")) playVideo(file);
  else void readPicture(file);
}

function take(dropped: Dropped): void {
  const files = "files" in dropped ? dropped.files : [];
  const [first] = files;
  if (first === undefined || files.length > 1)
    refuse({
      en: "More than one file was dropped; drop one picture or video. residua plates takes whole folders.",
      zh: "拖入了不止一个文件；请拖入一幅图像或一个视频。residua plates 可以处理整个文件夹。",
    });
  else takeFile(first.file);
}

/** A picture that was copied elsewhere is taken wherever on the page it is pasted. */
function usePaste(): void {
  useEffect(() => {
    const paste = (event: ClipboardEvent): void => {
      const [file] = event.clipboardData?.files ?? [];
      if (file !== undefined) takeFile(file);
    };
    addEventListener("paste", paste);
    return () => removeEventListener("paste", paste);
  }, []);
}

async function readExample(): Promise<void> {
  const name = "plates-example.jpg";
  const response = await fetch(new URL(name, document.baseURI));
  if (response.ok) await readPicture(new File([await response.blob()], name, { type: "image/jpeg" }));
  else
    refuse({
      en: `The example could not be fetched (${response.status}).`,
      zh: `示例无法获取（${response.status}）。`,
    });
}

/** Saves the picture with its plates hidden: a JPEG stays one, all else becomes PNG. */
async function saveHidden(name: string, read: ReadPlates): Promise<void> {
  const canvas = new OffscreenCanvas(read.width, read.height);
  drawPixels(canvas, hideAll(read));
  const isJpeg = /\.jpe?g$/i.test(name);
  const type = isJpeg ? "image/jpeg" : "image/png";
  const blob = await canvas.convertToBlob({ type, quality: 0.92 });
  const stem = name.replace(/\.[^.]*$/, "") || "picture";
  saveFile(new Uint8Array(await blob.arrayBuffer()), `${stem}-hidden.${isJpeg ? "jpg" : "png"}`, type);
}

const progressWords: Readonly<Record<ReadEvent, Words>> = {
  loading: {
    en: "Loading the two networks (2 MB) and ONNX Runtime …",
    zh: "正在加载两个网络（2 MB）和 ONNX Runtime……",
  },
  looking: { en: "Looking for plates …", zh: "正在寻找车牌……" },
};

function FoundPlates({ name, read }: { readonly name: string; readonly read: ReadPlates }): JSX.Element {
  const isHidden = useSignal(false);
  const { plates, located } = read;
  const others = located.length - plates.length;
  return (
    <div class="plates">
      <div>
        <PlatePicture name={name} read={read} isHidden={isHidden.value} />
        <p class="controls">
          <label class="tick">
            <input
              type="checkbox"
              checked={isHidden.value}
              onChange={({ currentTarget }) => (isHidden.value = currentTarget.checked)}
            />{" "}
            {say({ en: "Hide the plates", zh: "遮盖车牌" })}
          </label>
          <button type="button" onClick={() => void saveHidden(name, read)}>
            {say({ en: "Download with hidden plates", zh: "下载遮盖后的图像" })}
          </button>
        </p>
        {others > 0 && (
          <p class="quiet">
            {say({
              en: `${others} more may be plates, but cannot be read: they are not listed, and are hidden as well.`,
              zh: `另有 ${others} 处可能是车牌但无法读出：不列出，但同样会被遮盖。`,
            })}
          </p>
        )}
      </div>
      <section aria-label={say({ en: "Plates found", zh: "找到的车牌" })}>
        {plates.length === 0 && (
          <p class="panel">
            {say({
              en: "No plate that can be read was found. Plates should be at least 24 pixels wide, and upright.",
              zh: "没有找到能读出的车牌。车牌至少应有 24 像素宽，且方向正立。",
            })}
          </p>
        )}
        <ol class="plate-list">
          {plates.map((plate, index) => (
            <PlatePanel key={index} plate={plate} number={index + 1} />
          ))}
        </ol>
      </section>
    </div>
  );
}

function Ways(): JSX.Element {
  return (
    <DropZone most={1} onDrop={(dropped) => void dropped.then(take)}>
      <p>{say({ en: "Drop or paste a picture, or drop a video", zh: "拖入或粘贴图像，或拖入视频" })}</p>
      <p class="ways">
        <ChooseFiles
          label={say({ en: "Choose a file", zh: "选择文件" })}
          name="plates"
          accept="image/*,video/*,.tif,.tiff"
          most={1}
          isPrimary
          onChoose={take}
        />
        <button type="button" onClick={() => void startCamera()}>
          {say({ en: "Use the camera", zh: "使用摄像头" })}
        </button>
        <button type="button" onClick={() => void readExample()}>
          {say({ en: "Try drawn plates", zh: "试试绘制的车牌" })}
        </button>
      </p>
    </DropZone>
  );
}

/** A picture, a video or the camera; its plates found, straightened and read. */
export function PlatesPage(): JSX.Element {
  const { source, progress, problem } = platesState.value;
  usePaste();
  useEffect(() => leaveFrames, []);
  return (
    <>
      <h1>{say({ en: "Find and read licence plates", zh: "寻找并读取车牌" })}</h1>
      <p class="quiet">
        {say({
          en: "Two trained networks of the package find Chinese plates by their corners, straighten and read them. Pictures, videos and the camera's frames stay on this device.",
          zh: "软件包中训练好的两个网络按四角找到中国车牌，校正并读出。图像、视频和摄像头画面都不会离开本设备。",
        })}
      </p>
      <Ways />
      <p role="status" class="quiet working">
        {progress === undefined ? "" : say(progressWords[progress])}
      </p>
      <Problem words={problem} />
      {source?.kind === "picture" && <FoundPlates key={source.name} name={source.name} read={source.read} />}
      {source !== undefined && source.kind !== "picture" && <Frames source={source} />}
    </>
  );
}
