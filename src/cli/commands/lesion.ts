import { type Command, Option } from "commander";
import type { Lesion } from "../../lab/lesion/study.ts";
import type { LesionEvent } from "../../lab/lesion/node/job.ts";
import { OptionError } from "../../tensor/errors.ts";
import { cacheFolder } from "../cache.ts";
import { findNetworkPath } from "../../ready/node/find.ts";
import { OutputFileOption } from "../output-file.ts";
import { requireReportFile, runLabJob, writeReport } from "../lab-job.ts";
import { type ComputeOptions, computePlace, listOf, sharedOptions, wholeNumber } from "../options.ts";
import { type Column, formatTable, print, printJson, printLines } from "../output.ts";
import { createProgress } from "../progress.ts";
import type { Words } from "../../report/words.ts";
import { heads } from "../lang/heads.ts";
import { spokenMessage } from "../lang/language.ts";

interface Options extends ComputeOptions {
  readonly model: string;
  readonly data?: string;
  readonly images: number;
  readonly draws: number;
  readonly points: number;
  readonly remove?: readonly string[];
  readonly swap?: readonly (readonly [string, string])[];
  readonly reinsert?: readonly string[];
  readonly seed: number;
  readonly out: string;
  readonly json?: boolean;
}

const PATHS_A_LENGTH = 128;

const changeWords: { readonly [Kind in Lesion["kind"]]: Words } = {
  whole: { en: "whole", zh: "完整" },
  remove: { en: "remove", zh: "移除" },
  "remove set": { en: "remove set", zh: "移除一组" },
  swap: { en: "swap", zh: "交换" },
  shuffle: { en: "shuffle", zh: "打乱" },
  reinsert: { en: "reinsert", zh: "重复插入" },
  asked: { en: "asked", zh: "指定" },
};

const columns: readonly Column<Lesion>[] = [
  { title: { en: "change", zh: "改动" }, value: ({ kind }) => changeWords[kind] },
  {
    title: { en: "blocks", zh: "块" },
    value: ({ blocks }) =>
      blocks.length > 4 ? { en: `${blocks.length} blocks`, zh: `${blocks.length} 个块` } : blocks.join(", "),
  },
  { title: { en: "error", zh: "错误率" }, value: ({ error }) => `${(100 * error).toFixed(2)} %`, align: "right" },
  { title: heads.loss, value: ({ loss }) => loss.toPrecision(4), align: "right" },
];

function pairArgument(text: string): readonly [string, string] {
  const [a, b, ...more] = text.split(":");
  if (a === undefined || b === undefined || a === "" || b === "" || more.length > 0)
    throw new OptionError("--swap", `must be pairs such as layer2.1:layer2.2, got "${text}"`);
  return [a, b];
}

/** What begins the key of a measurement, before the blocks and numbers that it is about. */
const chineseKeys: Readonly<Record<string, string>> = {
  whole: "完整网络",
  asked: "所求",
  set: "组",
  shuffle: "打乱",
  remove: "去掉",
  reinsert: "放回",
};

const chineseKey = (key: string): string => key.replace(/^\w+/, (word) => chineseKeys[word] ?? word);

function createReporter(): (event: LesionEvent) => void {
  const progress = createProgress();
  let known = 0;
  return (event) => {
    if (event.kind === "note") return progress.finish(spokenMessage(event.text));
    const { done, total, key, error, isKnown } = event;
    if (isKnown) known++;
    const fresh = Math.max(1, done - known);
    const share = `${(100 * error).toFixed(1)} %`;
    progress.update(
      {
        en: `${done}/${total}, ${key}: error ${share}`,
        zh: `${done}/${total}，${chineseKey(key)}：错误率 ${share}`,
      },
      fresh / (fresh + total - done),
    );
    if (done === total) progress.finish();
  };
}

async function lesion(options: Options): Promise<void> {
  const { model, data, images, draws, points, remove, swap, reinsert, seed, out, json } = options;
  await requireReportFile(out);
  const journal = `${out}.points.json`;
  const [{ lesionJob }, { summarizeLesions }, { reportLesion }] = await Promise.all([
    import("../../lab/lesion/node/job.ts"),
    import("../../lab/lesion/summary.ts"),
    import("../../lab/lesion/report.ts"),
  ]);
  await runLabJob(
    lesionJob,
    {
      file: await findNetworkPath(model, "model"),
      ...(data === undefined ? {} : { data }),
      cache: cacheFolder(),
      images,
      pathSamples: PATHS_A_LENGTH,
      scope: { draws, limit: points, seed },
      wish: {
        ...(remove === undefined ? {} : { remove }),
        ...(swap === undefined ? {} : { swap }),
        ...(reinsert === undefined ? {} : { reinsert }),
      },
      journal,
      ...computePlace(options),
    },
    {
      kept: journal,
      onEvent: createReporter(),
      conclude: async (study) => {
        const isWhole = study.status === "done";
        if (study.lesions.length === 0) return { isWhole };
        const summary = summarizeLesions(study);
        await writeReport(out, reportLesion(study));
        if (json) printJson({ ...study, summary, report: out });
        else {
          printLines(
            formatTable(
              columns,
              study.lesions.filter(({ kind }) => kind !== "shuffle" && kind !== "remove set"),
            ),
          );
          print();
          for (const sentence of summary.sentences) print(sentence);
        }
        return { isWhole, report: out };
      },
    },
  );
}

/** `residua lesion`: measures what a trained network does without some of its blocks. */
export function registerLesion(program: Command): void {
  program
    .command("lesion")
    .requiredOption("--model <name|file>", "a checkpoint, weights, an ONNX file, or a ready network")
    .addOption(new Option("--data <name|dir>", "a data set, or a folder of images by class (default: the file's own)"))
    .addOption(new Option("--images <n>", "evaluate on the first n test images").argParser(wholeNumber(1)).default(500))
    .addOption(new Option("--draws <n>", "random sets per size").argParser(wholeNumber(1)).default(5))
    .addOption(
      new Option("--points <n>", "approximate number of changed networks to evaluate")
        .argParser(wholeNumber(1))
        .default(100),
    )
    .addOption(new Option("--remove <list>", "also remove these blocks together").argParser(listOf((text) => text)))
    .addOption(
      new Option("--swap <list>", "also swap blocks, such as layer2.1:layer2.2").argParser(listOf(pairArgument)),
    )
    .addOption(
      new Option("--reinsert <list>", "also insert these blocks a second time").argParser(listOf((text) => text)),
    )
    .addOption(sharedOptions.seed())
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.device())
    .addOption(
      new OutputFileOption("--out <file>", "the report, a self-contained page", [".points.json"]).default(
        "lesion.html",
      ),
    )
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      `
Examples:
  $ residua lesion --model residua-train/best.safetensors
  $ residua lesion --model model.onnx --data mnist --images 2000
  $ residua lesion --model best.safetensors --remove layer2.1,layer3.1 --json
  $ residua lesion --model best.safetensors --swap layer1.0:layer1.2 --reinsert layer3.2`,
    )
    .action(lesion);
}
