import type { JSX } from "preact";
import type { Dropped } from "../dropped.ts";
import { say } from "../language.ts";
import { isOffered } from "../server-job.ts";
import { ChooseFiles, DropZone } from "../parts/drop-zone.tsx";
import { Problem } from "../parts/problem.tsx";
import { Comparison } from "./comparison.tsx";
import { RunList } from "./list.tsx";
import { openRuns, refuse, runsState } from "./state.ts";

function take(dropped: Dropped): void {
  const files = "files" in dropped ? dropped.files : [];
  const [first] = files;
  if (first === undefined || files.length > 1)
    refuse({
      en: "More than one file was dropped; drop one. residua runs export writes any number of runs into one file.",
      zh: "拖入了不止一个文件；请拖入一个。residua runs export 可以把任意多个运行写入一个文件。",
    });
  else void openRuns({ kind: "file", file: first.file });
}

/** Whether the server that gave the page lends it the runs of its store: it says so by a cookie without a secret. */
const hasStore = (): boolean => isOffered("store");

function openStore(): void {
  void openRuns({ kind: "store", address: new URL("api/1", document.baseURI).href });
}

/** Runs of a store, or of a file that was exported: listed, filtered, tagged, compared. */
export function RunsPage(): JSX.Element {
  const state = runsState.value;
  const { name, isReading, problem } = state;
  return (
    <>
      <h1>{say({ en: "Look through runs", zh: "查看运行" })}</h1>
      <p class="quiet">
        {say({
          en: "Every training and comparison on the command line is kept. Export them and drop the file here: it stays on this device.",
          zh: "命令行上的每次训练和比较都会保存。导出后把文件拖到这里：文件不会离开本设备。",
        })}{" "}
        <code>residua runs export --json --out runs.json</code>
      </p>
      {hasStore() && (
        <p class="quiet">
          {say({
            en: "So is every training that this studio's native engine computes for the page Train.",
            zh: "本工作室的原生引擎为页面“训练”所做的每次训练也会保存。",
          })}
        </p>
      )}
      {hasStore() && (
        <p class="ways">
          <button type="button" class="primary" disabled={isReading} onClick={openStore}>
            {name === undefined
              ? say({ en: "List the runs of this machine", zh: "列出本机的运行" })
              : say({ en: "List the runs of this machine anew", zh: "重新列出本机的运行" })}
          </button>
        </p>
      )}
      <DropZone most={1} onDrop={(dropped) => void dropped.then(take)}>
        <p>
          {say({ en: "Drop exported runs: JSON or CSV", zh: "拖入导出的运行：JSON 或 CSV" })}{" "}
          <ChooseFiles
            label={say({ en: "Choose a file", zh: "选择文件" })}
            name="runs"
            accept=".json,.csv"
            most={1}
            onChoose={take}
          />
        </p>
      </DropZone>
      <p role="status" class="quiet working">
        {isReading ? say({ en: "Reading the runs …", zh: "正在读取运行……" }) : ""}
      </p>
      <Problem words={problem} />
      {name !== undefined && (
        <>
          <h2>{say(name)}</h2>
          <Comparison state={state} />
          <RunList state={state} />
        </>
      )}
    </>
  );
}
