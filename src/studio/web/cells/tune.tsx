import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { say } from "../language.ts";
import { sayMessage } from "../message.ts";
import { Problem } from "../parts/problem.tsx";
import { saveFile } from "../save-file.ts";
import { describeTimeLeft } from "../time-left.ts";
import { cellsState } from "./state.ts";
import type { Agreement, JudgedPicture, TuneEvent, TuneResult } from "./tune-job.ts";
import {
  dropPicture,
  keepPicture,
  stopTraining,
  switchNetwork,
  train,
  type TuneState,
  tuneState,
} from "./tune-state.ts";

function describeEvent(event: TuneEvent): Words {
  if (event.kind === "building") return { en: "Building the training graph …", zh: "正在构建训练图……" };
  if (event.kind === "judging")
    return event.isBefore
      ? { en: "Looking at the pictures with the network as it is …", zh: "正在用现有网络查看这些图像……" }
      : { en: "Looking at the pictures with the trained network …", zh: "正在用训练后的网络查看这些图像……" };
  const { step, steps, loss } = event;
  return {
    en: `Step ${step} of ${steps}, loss ${loss.toFixed(3)}`,
    zh: `第 ${step} 步，共 ${steps} 步，损失 ${loss.toFixed(3)}`,
  };
}

/** The pictures that are kept, and a button for the one that is shown. */
function Pictures({ state }: { readonly state: TuneState }): JSX.Element {
  const { pictures, event } = state;
  const { found } = cellsState.value;
  const isKept = pictures.some(({ file }) => file.name === found?.name);
  const isWorking = event !== undefined;
  return (
    <>
      {pictures.length > 0 && (
        <ul class="kept-pictures">
          {pictures.map(({ file, cells, corrections }) => (
            <li key={file.name}>
              <span>
                {file.name}{" "}
                <span class="quiet">
                  {say({
                    en: `${cells} cells, ${corrections} ${corrections === 1 ? "correction" : "corrections"}`,
                    zh: `${cells} 个细胞，${corrections} 处修正`,
                  })}
                </span>
              </span>
              <button
                type="button"
                disabled={isWorking}
                aria-label={say({ en: `Leave ${file.name} out`, zh: `去掉 ${file.name}` })}
                onClick={() => dropPicture(file.name)}
              >
                {say({ en: "Leave out", zh: "去掉" })}
              </button>
            </li>
          ))}
        </ul>
      )}
      {found !== undefined && (
        <p class="controls">
          <button type="button" disabled={isWorking || found.cells.length === 0} onClick={keepPicture}>
            {isKept
              ? say({ en: "Take this picture anew", zh: "重新采用此图像" })
              : say({ en: "Train on this picture", zh: "用此图像训练" })}
          </button>
          <span class="quiet">
            {say({
              en: "as it is corrected now: what is left wrong is learnt as well",
              zh: "按目前修正的样子：未改的错误也会被学去",
            })}
          </span>
        </p>
      )}
    </>
  );
}

function Progress({ state, event }: { readonly state: TuneState; readonly event: TuneEvent }): JSX.Element {
  const { secondsLeft, isStopping = false } = state;
  const isStep = event.kind === "step";
  return (
    <>
      <progress
        aria-label={say({ en: "Steps trained", zh: "已训练的步" })}
        {...(isStep ? { max: event.steps, value: event.step } : {})}
      />
      <p class="quiet" role="status">
        {say(describeEvent(event))}
        {secondsLeft !== undefined && say({ en: ", ", zh: "，" }) + say(describeTimeLeft(secondsLeft))}
      </p>
      <p class="controls">
        <button type="button" disabled={isStopping} onClick={stopTraining}>
          {isStopping ? say({ en: "Stopping …", zh: "正在停止……" }) : say({ en: "Stop", zh: "停止" })}
        </button>
        <span class="quiet">
          {say({
            en: "Closing or reloading the tab loses the training.",
            zh: "关闭或重新加载标签页会丢失本次训练。",
          })}
        </span>
      </p>
    </>
  );
}

function Row({ picture }: { readonly picture: JudgedPicture }): JSX.Element {
  const { name, cells, before, after } = picture;
  const show = ({ found, f1, precision }: Agreement): JSX.Element => (
    <>
      <td>{found}</td>
      <td>{f1.toFixed(3)}</td>
      <td>{precision.toFixed(3)}</td>
    </>
  );
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{cells}</td>
      {show(before)}
      {show(after)}
    </tr>
  );
}

function BeforeAfter({ pictures }: { readonly pictures: readonly JudgedPicture[] }): JSX.Element {
  const measures = (): JSX.Element => (
    <>
      <th scope="col">{say({ en: "found", zh: "找到" })}</th>
      <th scope="col">{say({ en: "F1 at IoU 0.5", zh: "IoU 0.5 时的 F1" })}</th>
      <th scope="col">{say({ en: "mean AP", zh: "平均 AP" })}</th>
    </>
  );
  return (
    <div
      class="scroll tuned-table"
      tabIndex={0}
      role="group"
      aria-label={say({ en: "Before and after, on the pictures trained on", zh: "训练前后，在训练过的图像上" })}
    >
      <table>
        <thead>
          <tr>
            <td colSpan={2} />
            <th scope="colgroup" colSpan={3}>
              {say({ en: "before", zh: "训练前" })}
            </th>
            <th scope="colgroup" colSpan={3}>
              {say({ en: "after", zh: "训练后" })}
            </th>
          </tr>
          <tr>
            <th scope="col">{say({ en: "picture", zh: "图像" })}</th>
            <th scope="col">{say({ en: "cells", zh: "细胞" })}</th>
            {measures()}
            {measures()}
          </tr>
        </thead>
        <tbody>
          {pictures.map((picture) => (
            <Row key={picture.name} picture={picture} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function describeEnd({ status, step, steps }: TuneResult): Words {
  if (status === "stopped")
    return { en: `Stopped after ${step} of ${steps} steps.`, zh: `已在第 ${step} 步停止，共 ${steps} 步。` };
  return { en: `Trained for ${step} steps.`, zh: `已训练 ${step} 步。` };
}

function Result({ result }: { readonly result: TuneResult }): JSX.Element {
  const { onnx, pictures, reason, step } = result;
  if (onnx === undefined)
    return (
      <p class="problem">
        {reason === undefined
          ? say({
              en: `The training was stopped before its first step; nothing changed.`,
              zh: `训练在第一步之前停止；没有任何改变。`,
            })
          : sayMessage({ message: reason })}
      </p>
    );
  const { network, foundBy, found } = cellsState.value;
  const isUsed = network === onnx;
  return (
    <>
      <p role="status">{say(describeEnd(result))}</p>
      <BeforeAfter pictures={pictures} />
      <p class="quiet">
        {say({
          en: `These are the pictures that it was trained on: they show that it learnt them, and not how it does on others. ${pictures.length === 1 ? "One picture is" : `${pictures.length} pictures are`} little, and it may do worse on others than before; correct a few more that it never sees, and compare.`,
          zh: `这些正是训练用的图像：它们说明网络学会了这些图像，而不说明它在其他图像上如何。${pictures.length} 幅图像很少，它在其他图像上可能比以前更差；请另外修正几幅它从未见过的图像作比较。`,
        })}
      </p>
      <p class="controls">
        <button type="button" onClick={() => saveFile(onnx, `cells-trained-${step}.onnx`, "application/octet-stream")}>
          {say({ en: "Download ONNX", zh: "下载 ONNX" })}
        </button>
        <button type="button" aria-pressed={isUsed} onClick={() => switchNetwork(isUsed ? undefined : onnx)}>
          {say({ en: "Use the trained network here", zh: "在此使用训练后的网络" })}
        </button>
      </p>
      <p class="quiet">
        {isUsed
          ? say({
              en: "Pictures are outlined by the trained network. It is gone when the tab is closed, unless you download it.",
              zh: "图像由训练后的网络勾画。关闭标签页后它就没有了，除非将其下载。",
            })
          : say({ en: "Pictures are outlined by the package's network.", zh: "图像由软件包的网络勾画。" })}
        {found !== undefined &&
          foundBy !== network &&
          say({
            en: " The picture that is shown keeps your corrections; choose it again to have it outlined anew.",
            zh: "当前图像保留您的修正；再次选择它即可重新勾画。",
          })}
      </p>
    </>
  );
}

/** Training the network further on pictures that were corrected by hand. */
export function Tune(): JSX.Element {
  const state = tuneState.value;
  const { pictures, event, result, problem } = state;
  return (
    <section class="tune panel">
      <h2>{say({ en: "Train on the corrections", zh: "用修正结果训练" })}</h2>
      <p class="quiet">
        {say({
          en: "Correct a few pictures, keep each, and train the network further on them, here in the page. One small picture takes thirty steps, a minute or two; larger ones and more take longer.",
          zh: "修正几幅图像，逐一采用，然后在本页中用它们继续训练网络。一幅小图像为三十步，需一两分钟；图像更大或更多则更久。",
        })}
      </p>
      <Pictures state={state} />
      {event === undefined ? (
        <p class="controls">
          <button type="button" class="primary" disabled={pictures.length === 0} onClick={() => void train()}>
            {result === undefined
              ? say({ en: "Train", zh: "训练" })
              : say({ en: "Train anew, from the package's network", zh: "从软件包的网络重新训练" })}
          </button>
        </p>
      ) : (
        <Progress state={state} event={event} />
      )}
      <Problem words={problem} />
      {result !== undefined && <Result result={result} />}
    </section>
  );
}
