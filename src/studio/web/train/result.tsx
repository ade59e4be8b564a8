import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { confusionMatrix, type Judged } from "../../../tasks/classify/predictions.ts";
import type { EngineKind } from "../../engine.ts";
import { showShare } from "../../share.ts";
import { language, say } from "../language.ts";
import { sayMessage } from "../message.ts";
import { saveFile } from "../save-file.ts";
import type { CurvePoint } from "../../curve-point.ts";
import { Picture } from "./picture.tsx";
import type { ReadImages } from "./read-job.ts";
import type { TrainedNetwork } from "./run.ts";

interface ResultProps {
  readonly images: ReadImages;
  readonly trained: TrainedNetwork;
  readonly curve: readonly CurvePoint[];
  /** All steps of the training. */
  readonly steps: number | undefined;
}

function describeEnd({ trained, steps = trained.steps }: ResultProps): Words | undefined {
  const { status, reason } = trained;
  if (status === "stopped")
    return {
      en: `Stopped after ${trained.steps} of ${steps} steps: the network is as far as it came.`,
      zh: `在 ${steps} 步中的第 ${trained.steps} 步后停止：网络停留在当时的状态。`,
    };
  if (status === "diverged") {
    const why = sayMessage({ message: reason ?? "" });
    return {
      en: `The training diverged: ${why}. The network is as it was before.`,
      zh: `训练发散：${why}。网络停留在发散之前的状态。`,
    };
  }
  return undefined;
}

/** Where each engine computes. */
const enginePlaces: { readonly [Kind in EngineKind]: { readonly en: string; readonly zh: string } } = {
  page: { en: "in this page", zh: "在本页中" },
  server: { en: "natively, by the server", zh: "由服务器原生" },
};

/** What computed all that is shown, or what of it. */
function describeComputed({ kind, words, before }: TrainedNetwork["engine"]): Words {
  const place = enginePlaces[kind];
  const part =
    before === 0 ? { en: "", zh: "" } : { en: ` from step ${before + 1} on`, zh: `第 ${before + 1} 步起的部分` };
  return {
    en: `Trained${part.en} and tested ${place.en}: ${words}.`,
    zh: `${place.zh}训练${part.zh}并测试：${words}。`,
  };
}

/** A file's name out of the names of classes. */
function fileNameOf(classes: readonly string[]): string {
  const parts = classes.slice(0, 3).map((name) => name.replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-+|-+$/g, ""));
  return (
    parts
      .filter((part) => part !== "")
      .join("-")
      .slice(0, 60) || "network"
  );
}

function Scores({ images, judged }: { readonly images: ReadImages; readonly judged: readonly Judged[] }): JSX.Element {
  const { classes } = images;
  const matrix = confusionMatrix(judged, classes.length);
  return (
    <div class="scroll" tabIndex={0}>
      <table>
        <caption>
          {say({
            en: "Images held back: rows are what they are, columns what the network calls them",
            zh: "留出的图像：行是真实类别，列是网络的判断",
          })}
        </caption>
        <thead>
          <tr>
            <td />
            {classes.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {classes.map((name, row) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {matrix[row].map((count, column) => (
                <td key={column} class={row === column ? "right" : count > 0 ? "wrong" : ""}>
                  {count}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Mistakes that are shown, the worst first. */
const shownMistakes = 12;

/** The images that the network gets wrong, those first whose right class it finds least likely. */
export function worstMistakes(judged: readonly Judged[]): readonly Judged[] {
  return judged
    .filter(({ label, predicted }) => label !== predicted)
    .toSorted((a, b) => b.loss - a.loss)
    .slice(0, shownMistakes);
}

/** The place among all images of one that was held back. */
export function placesHeld({ held }: ReadImages): readonly number[] {
  return held.flatMap((isHeld, place) => (isHeld ? [place] : []));
}

function Mistakes({
  images,
  judged,
}: {
  readonly images: ReadImages;
  readonly judged: readonly Judged[];
}): JSX.Element {
  const mistakes = worstMistakes(judged);
  const places = placesHeld(images);
  const { classes } = images;
  if (mistakes.length === 0)
    return <p>{say({ en: "It makes no mistake on them.", zh: "它在这些图像上没有犯错。" })}</p>;
  return (
    <>
      <h3>{say({ en: "The worst mistakes", zh: "最严重的错误" })}</h3>
      <ul class="mistakes">
        {mistakes.map(({ index, label, predicted, confidence }) => {
          const percent = (100 * confidence).toFixed(0);
          return (
            <li key={index}>
              <Picture images={images} place={places[index]} />
              <span>
                {say({
                  en: `${classes[label]}, taken for ${classes[predicted]}, ${percent} % sure`,
                  zh: `${classes[label]}，被认作 ${classes[predicted]}（把握 ${percent} %）`,
                })}
              </span>
            </li>
          );
        })}
      </ul>
    </>
  );
}

const snippetOf = (name: string): string => `import { open } from "residua/web";

const network = await open("${name}.onnx", { task: "classify" });
const [best] = await network.predict(input.files[0]);
console.log(best.class, best.probability);`;

function Snippet({ name }: { readonly name: string }): JSX.Element {
  const copied = useSignal(false);
  const code = snippetOf(name);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(code);
    copied.value = true;
  };
  return (
    <details>
      <summary>{say({ en: "Use it in a page, or on the command line", zh: "在网页中或命令行上使用" })}</summary>
      <pre tabIndex={0}>{code}</pre>
      <p>
        <button type="button" onClick={() => void copy().catch(() => undefined)}>
          {say({ en: "Copy the code", zh: "复制代码" })}
        </button>{" "}
        <span role="status" class="quiet">
          {copied.value ? say({ en: "Copied.", zh: "已复制。" }) : ""}
        </span>
      </p>
      <pre tabIndex={0}>{`residua predict --model ${name}.onnx picture.png\nresidua serve ${name}.onnx`}</pre>
    </details>
  );
}

/** What came out: how good it is, where it fails, and the network to take away. */
export function Result(props: ResultProps): JSX.Element {
  const { images, trained, curve } = props;
  const { judged, onnx, parameters, multiplyAdds, engine } = trained;
  const right = judged.filter(({ label, predicted }) => label === predicted).length;
  const share = showShare(right, judged.length);
  const end = describeEnd(props);
  const name = fileNameOf(images.classes);
  const saveReport = async (): Promise<void> => {
    // The report is more than half of what this page would load.
    const { writeTrainReport } = await import("./report-page.ts");
    saveFile(writeTrainReport(images, { ...trained, curve }, language.value), `${name}.html`, "text/html");
  };
  return (
    <section class="result panel" aria-live="polite">
      <h2>{say({ en: "The network", zh: "训练好的网络" })}</h2>
      {end !== undefined && <p class="problem">{say(end)}</p>}
      <p class="verdict">
        {say({
          en: `${right} of ${judged.length} images held back are right: ${share}`,
          zh: `留出的 ${judged.length} 张图像中答对 ${right} 张：${share}`,
        })}
      </p>
      <p class="quiet">
        {say({
          en: `The network has not seen them. In brackets: the 95 % interval that so few images allow. ${parameters.toLocaleString("en")} parameters, ${(multiplyAdds / 1e6).toFixed(1)} million multiply-adds per image.`,
          zh: `网络没有见过这些图像。括号中是这么多图像所能给出的 95 % 区间。${parameters.toLocaleString("en")} 个参数，每张图像 ${Math.round(multiplyAdds / 1e4).toLocaleString("en")} 万次乘加。`,
        })}
      </p>
      <p class="quiet">{say(describeComputed(engine))}</p>
      <p class="controls">
        <button
          type="button"
          class="primary"
          onClick={() => saveFile(onnx, `${name}.onnx`, "application/octet-stream")}
        >
          {say({ en: "Download ONNX", zh: "下载 ONNX" })}
        </button>
        <button type="button" onClick={() => void saveReport()}>
          {say({ en: "Download report", zh: "下载报告" })}
        </button>
      </p>
      <Snippet name={name} />
      {images.classes.length <= 20 && <Scores images={images} judged={judged} />}
      <Mistakes images={images} judged={judged} />
    </section>
  );
}
