import { type Signal, signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { batchFor, type TrainChoice } from "../../train-choice.ts";
import { say } from "../language.ts";
import { sayAny, sayMessage } from "../message.ts";
import { replaceQuery, useQuery } from "../route.ts";
import { Capture } from "./capture.tsx";
import { ImageDrop, Images, Overview, Reading } from "./images.tsx";
import { describeKeeping } from "./keeping.ts";
import { readTrainChoice, standardChoice, writeTrainChoice } from "./options.ts";
import { Curves, describePhase } from "./progress.tsx";
import { OfferedFolders } from "./offered-folders.tsx";
import { Ongoing } from "./ongoing.tsx";
import type { ImageSource } from "./read-job.ts";
import { Result } from "./result.tsx";
import { Settings } from "./settings.tsx";
import {
  goOn,
  hasSource,
  isWorking,
  openKept,
  readFrom,
  startOver,
  startTraining,
  stopTraining,
  type TrainState,
  trainState,
} from "./state.ts";
import { IgnoredFields, Problem } from "../parts/problem.tsx";

/** The training goes on while its reader looks at another page. */
const choice: Signal<TrainChoice> = signal(standardChoice);

const takeSource = (source: ImageSource): void => void readFrom(source, choice.value);

function change(own: Partial<TrainChoice>): void {
  choice.value = { ...choice.value, ...own };
  replaceQuery(writeTrainChoice(choice.value));
}

/** Takes over the options of a link, and offers what an earlier visit kept. Nothing starts by itself. */
function useStart(ignored: Signal<readonly string[]>): void {
  useQuery((query) => {
    if (query === "" || query === writeTrainChoice(choice.value) || isWorking()) return;
    const read = readTrainChoice(query);
    ignored.value = read.ignored;
    choice.value = read.value;
  });
  useEffect(() => {
    void openKept().then((kept) => {
      if (kept !== undefined) choice.value = kept;
    });
  }, []);
}

function Plan({ state }: { readonly state: TrainState }): JSX.Element | null {
  const { images } = state;
  if (images === undefined) return null;
  const count = images.held.filter((isHeld) => !isHeld).length;
  const batch = batchFor(count);
  const steps = Math.floor(count / batch) * choice.value.epochs;
  return (
    <p class="quiet">
      {say({
        en: `${count} images to learn from, ${images.labels.length - count} held back for the test; ${steps} steps of ${batch} images.`,
        zh: `${count} 张图像用来学习，${images.labels.length - count} 张留作测试；共 ${steps} 步，每步 ${batch} 张图像。`,
      })}
    </p>
  );
}

function Buttons({ state }: { readonly state: TrainState }): JSX.Element {
  const { phase, canGoOn, problem, images, trained, isKept } = state;
  const isTraining = phase === "preparing" || phase === "training";
  const mayGoOn = canGoOn && (isKept || trained?.status === "stopped" || (phase === "ready" && trained === undefined));
  return (
    <p class="controls">
      {isTraining && (
        <button type="button" class="primary" disabled={phase === "preparing"} onClick={stopTraining}>
          {say({ en: "Stop", zh: "停止" })}
        </button>
      )}
      {!isWorking() && mayGoOn && (
        <button type="button" class="primary" onClick={() => void goOn()}>
          {say({ en: "Go on", zh: "继续训练" })}
        </button>
      )}
      {!isWorking() && (
        <button
          type="button"
          class={mayGoOn ? "" : "primary"}
          disabled={images === undefined || images.problem !== undefined}
          onClick={() => void startTraining(choice.value)}
        >
          {mayGoOn || trained !== undefined
            ? say({ en: "Train from the start", zh: "从头训练" })
            : say({ en: "Train", zh: "开始训练" })}
        </button>
      )}
      {!isTraining && images !== undefined && (
        <button type="button" onClick={() => void startOver()}>
          {say({ en: "Other images", zh: "换一批图像" })}
        </button>
      )}
      <span role="status" class="quiet">
        {isTraining || phase === "judging" ? say(describePhase(state)) : ""}
      </span>
      {problem !== undefined && (
        <span role="alert" class="problem">
          {sayAny(problem)}
        </span>
      )}
    </p>
  );
}

function Said({ state }: { readonly state: TrainState }): JSX.Element {
  const { notes } = state;
  return (
    <>
      {describeKeeping(state).map(({ words, isOffer }, index) => (
        <p key={index} class={isOffer ? "kept" : "quiet"}>
          {say(words)}
        </p>
      ))}
      {notes.map((message, index) => (
        <p key={index} class="quiet">
          {sayMessage({ message })}
        </p>
      ))}
    </>
  );
}

/** Images by class in, a network out. */
export function TrainPage(): JSX.Element {
  const ignored = useSignal<readonly string[]>([]);
  useStart(ignored);
  const { value: state } = trainState;
  const { phase, images, curve, trained, problem } = state;
  return (
    <>
      <h1>{say({ en: "Train on your own images", zh: "用自己的图像训练" })}</h1>
      <p class="quiet">
        {say({
          en: "Folders of images become a network that tells their classes apart: trained on this device, and yours as an ONNX file.",
          zh: "把图像文件夹变成能区分各类别的网络：就在这台设备上训练，得到一个 ONNX 文件。",
        })}
      </p>
      <IgnoredFields names={ignored.value} />
      <Ongoing own={state.job} />
      {images === undefined && phase !== "reading" && (
        <>
          <ImageDrop onSource={takeSource} />
          <OfferedFolders onSource={takeSource} />
          <Capture onSource={takeSource} />
          <Overview />
        </>
      )}
      {phase === "reading" && <Reading reading={state.reading} />}
      {images === undefined ? (
        <Problem words={problem} />
      ) : (
        <>
          <Images images={images} />
          <div class="bar panel">
            <Settings choice={choice.value} change={change} disabled={isWorking()} canReadAgain={hasSource()} />
            <Buttons state={state} />
            <Plan state={state} />
          </div>
          <Said state={state} />
          {(curve.length > 0 || phase === "training") && <Curves state={state} color={choice.value.shortcut} />}
          {trained !== undefined && <Result images={images} trained={trained} curve={curve} steps={state.steps} />}
        </>
      )}
    </>
  );
}
