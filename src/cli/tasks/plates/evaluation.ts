import { Option } from "commander";
import type { TrainedNetwork } from "../../../networks/open.ts";
import type { Report } from "../../../report/report.ts";
import { readSettings, tasks } from "../../../tasks/find-task.ts";
import type { PlateJudgement } from "../../../tasks/plates/judge.ts";
import { OptionError } from "../../../tensor/errors.ts";
import { cacheFolder } from "../../cache.ts";
import type { ModelFileOptions } from "../../model-file.ts";
import { onlyGiven } from "../../options.ts";
import { print, printJson } from "../../output.ts";
import { createProgress } from "../../progress.ts";
import { lookingChoice, type LookingFlags, lookingOptions } from "./looking.ts";
import type { EvaluationRequest, ReportRequest } from "../../task-flags.ts";

interface EvaluationFlags extends Pick<ModelFileOptions, "threads" | "device" | "trustedKey">, LookingFlags {
  readonly reader?: string;
}

/** Options of `residua evaluate` for plates. */
export function evaluationOptions(): readonly Option[] {
  return [
    new Option("--reader <file>", "with a locator as --model, the network that reads what it finds"),
    ...lookingOptions(),
  ];
}

interface Judged {
  readonly judgement: PlateJudgement;
  readonly data: string;
}

const loadJudging = () =>
  Promise.all([
    import("../../../tasks/node/find-node-task.ts"),
    import("../../../tasks/plates/judge.ts"),
    import("../../model-file.ts"),
  ]);

/** Judges one network, or a locator with a reader. */
async function judge(
  network: TrainedNetwork,
  {
    model,
    data,
    limit,
    reader,
    threads,
    device,
    trustedKey,
    ...looking
  }: EvaluationFlags & Pick<EvaluationRequest, "model" | "data" | "limit">,
): Promise<Judged> {
  const settings = readSettings(network.card.task, "plates", model);
  if (reader !== undefined && settings.part !== "locate")
    throw new OptionError("--reader", `applies only with a locator as --model; ${model} reads`);
  if (reader !== undefined && "reader" in network)
    throw new OptionError("--reader", `applies only with a locator as --model; ${model} has a reader`);
  const [{ findNodeTask }, { judgePlates, judgeTogether }, { openModelFile }] = await loadJudging();
  const { openSamples } = await findNodeTask("plates");
  const opened = { ...network, settings };
  const found = await openSamples(opened, { ...onlyGiven({ data, limit }), cache: cacheFolder() });
  const progress = createProgress();
  const onPicture = (done: number): void =>
    progress.update({ en: `picture ${done}/${found.count}`, zh: `图像 ${done}/${found.count}` }, done / found.count);
  const how = { ...lookingChoice(looking), onPicture };
  try {
    if (reader === undefined) return { judgement: await judgePlates(opened, found.samples, how), data: found.data };
    const { network: second } = await openModelFile(reader, onlyGiven({ threads, device, trustedKey }), "reader");
    try {
      if (readSettings(second.card.task, "plates", reader).part !== "read")
        throw new OptionError("--reader", `${reader} locates; give a network that reads`);
      return {
        judgement: await judgeTogether({ locator: network, reader: second }, found.samples, how),
        data: found.data,
      };
    } finally {
      await second.session.release();
    }
  } finally {
    progress.finish();
  }
}

/** Evaluates networks for plates on a folder of labelled pictures. */
export async function evaluatePlates(network: TrainedNetwork, request: EvaluationRequest): Promise<void> {
  const { model, data, limit, json } = request;
  const flags = request.options as EvaluationFlags;
  const { judgement, data: name } = await judge(network, { model, ...onlyGiven({ data, limit }), ...flags });
  const { figures, pictures } = judgement;
  const { reader } = flags;
  if (json) return printJson({ model, ...onlyGiven({ reader }), data: name, ...figures, images: pictures });
  const share = (value: number | null): string => (value === null ? "–" : value.toFixed(3));
  const { plates, pictures: count, falsePlates } = figures;
  print({ en: `${plates} plates of ${count} pictures`, zh: `${count} 幅图像中的 ${plates} 块车牌` });
  print({ en: `found             ${share(figures.found)}`, zh: `检出率    ${share(figures.found)}` });
  print({ en: `whole plates      ${share(figures.wholePlate)}`, zh: `整牌正确  ${share(figures.wholePlate)}` });
  print({ en: `first characters  ${share(figures.firstCharacter)}`, zh: `首字正确  ${share(figures.firstCharacter)}` });
  print({ en: `false plates      ${falsePlates}`, zh: `误检      ${falsePlates}` });
}

/** A page about a network for plates. */
export async function reportOnPlates(
  model: string,
  { data, limit, threads, device, store }: ReportRequest,
): Promise<{ readonly report: Report; readonly json: object }> {
  const [{ openModelFile }, { findTrainingRun }] = await Promise.all([
    import("../../model-file.ts"),
    import("../training-run.ts"),
  ]);
  const { network } = await openModelFile(model, onlyGiven({ threads, device }));
  try {
    const { judgement, data: name } = await judge(network, { model, ...onlyGiven({ data, limit }) });
    const { figures, pictures } = judgement;
    const origin = await findTrainingRun(model, store);
    const study = { label: network.card.model.name, data: name, figures, pictures, ...origin };
    return { report: tasks.plates.report(study), json: { model, data: name, ...figures } };
  } finally {
    await network.session.release();
  }
}
