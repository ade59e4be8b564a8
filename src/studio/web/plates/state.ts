import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { openService } from "../../../jobs/web/service.ts";
import type { Words } from "../../../report/words.ts";
import type { Said } from "../../said.ts";
import { holdBusy } from "../busy.ts";
import { messageOf } from "../message.ts";
import { closeCamera, openCamera } from "../camera.ts";
import { plateReading, type ReadEvent, type ReadPlates, type ReadRequest } from "./read-service.ts";
import { addFrame, type SeenPlate } from "./seen.ts";

/** What is looked at: one picture, or the frames of a video or camera. */
export type Source =
  | { readonly kind: "picture"; readonly name: string; readonly read: ReadPlates }
  | { readonly kind: "video"; readonly file: File }
  | { readonly kind: "camera"; readonly stream: MediaStream };

/** What frames have shown so far. */
export interface FramesState {
  readonly latest?: ReadPlates;
  readonly seen: readonly SeenPlate[];
  readonly count: number;
  /** Frames per second, as a mean of the last ones. */
  readonly rate?: number;
}

/** What the page shows. */
export interface PlatesState {
  readonly source?: Source | undefined;
  readonly progress?: ReadEvent | undefined;
  readonly problem?: Said | undefined;
}

const shown: Signal<PlatesState> = signal({});
/** The picture or video that is shown, and how far the next one is. */
export const platesState: ReadonlySignal<PlatesState> = shown;

const noFrames: FramesState = { seen: [], count: 0 };
const frames: Signal<FramesState> = signal(noFrames);
/** What the frames of the video or camera have shown. */
export const framesState: ReadonlySignal<FramesState> = frames;

const reader = openService(plateReading);
/** Counts what was asked to be shown: an answer to an earlier wish is not shown. */
let wish = 0;

function ask(image: ReadRequest["image"], own: number): Promise<ReadPlates> {
  const models = new URL("models/", document.baseURI).href;
  const onEvent = (progress: ReadEvent): void => {
    if (own === wish) shown.value = { ...shown.value, progress };
  };
  const answer = reader.ask({ image, models }, { onEvent, transfer: image instanceof File ? [] : [image] });
  holdBusy(answer);
  return answer;
}

/** Ends the camera that is shown. */
function endSource(): void {
  const { source } = shown.value;
  if (source?.kind === "camera") closeCamera(source.stream);
}

/** Leaves the video or camera. */
export function closeSource(): void {
  wish++;
  endSource();
  shown.value = {};
}

/** Leaves a video or the camera, since nobody is looking. */
export function leaveFrames(): void {
  if (shown.value.source?.kind === "camera" || shown.value.source?.kind === "video") closeSource();
}

/** Finds the plates of a picture; what was shown before stays until then. */
export async function readPicture(file: File): Promise<void> {
  const own = ++wish;
  shown.value = { ...shown.value, progress: "looking", problem: undefined };
  try {
    const read = await ask(file, own);
    if (own !== wish) return;
    endSource();
    shown.value = { source: { kind: "picture", name: file.name, read } };
  } catch (error) {
    if (own === wish) shown.value = { ...shown.value, progress: undefined, problem: messageOf(error) };
  }
}

function showFrames(source: Source): void {
  wish++;
  endSource();
  frames.value = noFrames;
  shown.value = { source };
}

/** Plays a video, whose frames are read as fast as the device can. */
export function playVideo(file: File): void {
  showFrames({ kind: "video", file });
}

/** Asks for the camera and reads its frames. */
export async function startCamera(): Promise<void> {
  const own = ++wish;
  const camera = await openCamera();
  if ("problem" in camera) {
    if (own === wish) refuse(camera.problem);
  } else if (own === wish) showFrames({ kind: "camera", stream: camera.stream });
  else closeCamera(camera.stream);
}

/**
 * Reads a frame, which is handed over.
 *
 * @param seconds of the video or since the camera was started
 * @returns whether more frames are wanted
 */
export async function readFrame(frame: ImageBitmap, seconds: number): Promise<boolean> {
  const own = wish;
  const started = performance.now();
  try {
    const latest = await ask(frame, own);
    if (own !== wish) return false;
    const { seen, count, rate } = frames.value;
    const fresh = 1000 / Math.max(1, performance.now() - started);
    frames.value = {
      latest,
      seen: addFrame(seen, latest.plates, seconds),
      count: count + 1,
      // The first frame waited for the networks.
      ...(count === 0 ? {} : { rate: rate === undefined ? fresh : rate + 0.2 * (fresh - rate) }),
    };
    if (shown.value.progress !== undefined) shown.value = { ...shown.value, progress: undefined };
    return true;
  } catch (error) {
    if (own === wish) shown.value = { ...shown.value, progress: undefined, problem: messageOf(error) };
    return false;
  }
}

/** Says why something cannot be shown. */
export function refuse(problem: Words): void {
  shown.value = { ...shown.value, progress: undefined, problem };
}
