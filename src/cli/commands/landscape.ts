import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { reportLandscape } from "../../lab/landscape/report.ts";
import { summarizeLandscape } from "../../lab/landscape/study.ts";
import { type LandscapeEvent, landscapeJob } from "../../lab/landscape/node/job.ts";
import { OptionError } from "../../tensor/errors.ts";
import { cacheFolder } from "../cache.ts";
import { findNetworkPath } from "../../ready/node/find.ts";
import { OutputFileOption } from "../output-file.ts";
import { requireReportFile, runLabJob, writeReport } from "../lab-job.ts";
import { type ComputeOptions, computePlace, positiveNumber, sharedOptions, wholeNumber } from "../options.ts";
import { print, printJson } from "../output.ts";
import { createProgress } from "../progress.ts";
import { spokenMessage } from "../lang/language.ts";

interface Options extends ComputeOptions {
  readonly model: string;
  readonly data?: string;
  readonly images: number;
  readonly radius: number;
  readonly linePoints: number;
  readonly planePoints: number;
  readonly trajectory?: string | false;
  readonly seed: number;
  readonly out: string;
  readonly json?: boolean;
}

/** An odd number, so that the middle point, 0, is the network itself. */
function oddNumber(text: string): number {
  const value = wholeNumber(3)(text);
  if (value % 2 === 1) return value;
  throw new InvalidArgumentError(`must be an odd number, so that the network itself is a point, got ${value}`);
}

/** Weights along the training: those in the given folder, or in the one that training left beside the file. */
function findSnapshots({ model, trajectory }: Options): readonly string[] {
  if (trajectory === false) return [];
  const folder = trajectory ?? join(dirname(model), "snapshots");
  const isThere = existsSync(folder) && statSync(folder).isDirectory();
  if (!isThere && trajectory === undefined) return [];
  if (!isThere)
    throw new OptionError("--trajectory", `"${folder}" is not a folder; must be one from residua train --snapshots`);
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".safetensors"))
    .toSorted();
  if (files.length < 2)
    throw new OptionError(
      "--trajectory",
      `"${folder}" holds ${files.length} .safetensors file(s), must hold at least 2`,
    );
  return files.map((name) => join(folder, name));
}

function createReporter(): (event: LandscapeEvent) => void {
  const progress = createProgress();
  let known = 0;
  return (event) => {
    if (event.kind === "note") return progress.finish(spokenMessage(event.text));
    const { done, total, loss, isKnown } = event;
    if (isKnown) known++;
    const fresh = Math.max(1, done - known);
    const value = loss.toPrecision(4);
    progress.update(
      { en: `point ${done}/${total}: loss ${value}`, zh: `点 ${done}/${total}：损失 ${value}` },
      fresh / (fresh + total - done),
    );
    if (done === total) progress.finish();
  };
}

async function landscape(options: Options): Promise<void> {
  const { data, images, radius, linePoints, planePoints, seed, out, json } = options;
  await requireReportFile(out);
  const file = await findNetworkPath(options.model, "model");
  const journal = `${out}.points.json`;
  await runLabJob(
    landscapeJob,
    {
      file,
      ...(data === undefined ? {} : { data }),
      cache: cacheFolder(),
      images,
      seed,
      radius,
      linePoints,
      planePoints,
      snapshots: findSnapshots({ ...options, model: file }),
      needsSnapshots: typeof options.trajectory === "string",
      journal,
      ...computePlace(options),
    },
    {
      kept: journal,
      onEvent: createReporter(),
      conclude: async (study) => {
        const isWhole = study.status === "done";
        if (study.line.error.every(Number.isNaN)) return { isWhole };
        const summary = summarizeLandscape(study);
        await writeReport(out, reportLandscape(study));
        if (json) printJson({ ...study, summary, report: out });
        else for (const sentence of summary.sentences) print(sentence);
        return { isWhole, report: out };
      },
    },
  );
}

/** `residua landscape`: maps the loss around a trained network. */
export function registerLandscape(program: Command): void {
  program
    .command("landscape")
    .requiredOption("--model <name|file>", "a checkpoint, weights, an ONNX file, or a ready network")
    .addOption(new Option("--data <name|dir>", "a data set, or a folder of images by class (default: the file's own)"))
    .addOption(
      new Option("--images <n>", "measure the loss on the first n training images")
        .argParser(wholeNumber(1))
        .default(250),
    )
    .addOption(
      new Option("--radius <x>", "distance in each direction, relative to each filter's norm")
        .argParser(positiveNumber)
        .default(1),
    )
    .addOption(new Option("--line-points <n>", "points along the line").argParser(oddNumber).default(31))
    .addOption(new Option("--plane-points <n>", "points along each side of a plane").argParser(oddNumber).default(13))
    .addOption(
      new Option(
        "--trajectory <dir>",
        "weights along the training (default: the folder snapshots beside the file, from residua train --snapshots)",
      ),
    )
    .addOption(new Option("--no-trajectory", "leave out the training's path"))
    .addOption(sharedOptions.seed())
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.device())
    .addOption(
      new OutputFileOption("--out <file>", "the report, a self-contained page", [".points.json"]).default(
        "landscape.html",
      ),
    )
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      `
Examples:
  $ residua train --snapshots 20 && residua landscape --model residua-train/last.safetensors
  $ residua landscape --model best.safetensors --plane-points 25 --images 1000
  $ residua landscape --model model.onnx --data mnist --radius 0.5 --json`,
    )
    .action(landscape);
}
