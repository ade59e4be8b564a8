import { relative } from "node:path";
import { FormatError, OptionError } from "../../../tensor/errors.ts";
import type { NetworkCard } from "../../../networks/card.ts";
import type { CheckpointNotes } from "../../../train/checkpoint.ts";
import { tellDone } from "../../../train/evaluation.ts";
import { startOfTraining } from "../../../train/loop.ts";
import { openStart } from "../../../train/node/start.ts";
import { fitRecipe, type ResumedTraining, type SetupContext, type TrainingSetup } from "../../../train/node/set-up.ts";
import type { FreshTraining } from "../../../train/node/job.ts";
import { requireRecipe } from "../../../train/recipe-check.ts";
import type { TrainingState } from "../../../train/trainer.ts";
import { readSettings } from "../../find-task.ts";
import { evaluateInTraining } from "../../evaluate-in-training.ts";
import { hashNames, type ImageNames, requireSameImages } from "../../node/same-images.ts";
import { readerScores, SLOTS } from "../alphabet.ts";
import { plateNormalization } from "../planes.ts";
import { judgePlates } from "../judge.ts";
import { locatorScores, STRIDE } from "../locator-targets.ts";
import { measuresOfPart, plateMeasures } from "../measures.ts";
import { collectGlyphs, type GlyphSet } from "../render/glyphs.ts";
import type { PlateSettings } from "../settings.ts";
import { platesStep, refusedFields } from "../step.ts";
import { drawFontGlyphs } from "./fonts.ts";
import { readGlyphFolder } from "./glyph-folder.ts";
import type { PlateFile } from "./folder.ts";
import { listParts, type Parts } from "./parts.ts";
import { drawnSamples, readPlateSamples } from "./samples.ts";
import { readerSource, locatorSource } from "./sources.ts";
import { DRAWN } from "./start.ts";

/** Rows and columns of the locator's windows when it is used. */
const WINDOW = [480, 640] as const;
/** Drawn plates by which a reader without real ones is judged. */
const DRAWN_JUDGED = 400;

async function loadAllGlyphs({ glyphs }: PlateSettings): Promise<GlyphSet> {
  const own = glyphs === undefined ? [] : await readGlyphFolder(glyphs);
  return collectGlyphs([...own, ...(await drawFontGlyphs())], glyphs ?? "the built-in fonts");
}

interface Start {
  readonly parts: Parts;
  readonly settings: PlateSettings;
  readonly notes: CheckpointNotes;
  readonly state?: TrainingState;
}

async function toSetup({ parts, settings, notes, state }: Start): Promise<TrainingSetup> {
  const { network, recipe } = notes;
  const glyphs = await loadAllGlyphs(settings);
  const isReader = settings.part === "read";
  const source = await (isReader ? readerSource : locatorSource)({ settings, recipe, glyphs, files: parts.train });
  const sampleShape = isReader ? network.imageShape : [3, settings.crop!, settings.crop!];
  return {
    notes,
    ...(state === undefined ? {} : { state }),
    source,
    validates: parts.validation.length > 0 || isReader,
    measures: {
      training: isReader ? plateMeasures.wholePlate : plateMeasures.centres,
      main: measuresOfPart(settings)[0],
    },
    step: platesStep(settings, sampleShape, recipe),
    refuses: refusedFields,
    sampleShape,
    evaluate: (session, part, onProgress) => {
      const files = parts[part];
      const drawn = { glyphs, seed: recipe.seed, part, count: DRAWN_JUDGED };
      const samples = files.length > 0 ? readPlateSamples(files, settings) : isReader ? drawnSamples(drawn) : [];
      const count = files.length > 0 ? files.length : DRAWN_JUDGED;
      const told = tellDone(
        samples,
        () => 1,
        (done) => onProgress(done, count),
      );
      return evaluateInTraining(count, async () => {
        const { figures: _, pictures: __, ...found } = await judgePlates({ card: network, session, settings }, told);
        return found;
      });
    },
  };
}

/** @throws {OptionError} naming what a training for plates cannot follow */
function refuseForeign({ normalization, augmentation, classes, images, limit, imageSize }: FreshTraining): void {
  if (images !== undefined)
    throw new OptionError("data", "must be a folder of labelled plates; images in memory are to be classified");
  if (normalization !== undefined) throw new OptionError("normalization", "applies to classification, not to plates");
  if (augmentation.cropPadding !== 0 || augmentation.flip)
    throw new OptionError("augmentation", "applies to classification; plates are varied as a camera varies them");
  if (classes !== undefined) throw new OptionError("classes", "applies to classification, not to plates");
  if (limit !== undefined)
    throw new OptionError("limit", "applies to other tasks; give samples, how many an epoch has");
  if (imageSize !== undefined)
    throw new OptionError("imageSize", "is the network's own here; scenes are cut into crops");
}

/** Names of the pictures with their folders, wherever the data lie. */
function namesIn(data: string, { train, validation, test }: Parts): ImageNames {
  const list = (files: readonly PlateFile[]): readonly string[] =>
    files.map(({ path }) => relative(data, path).replaceAll("\\", "/"));
  return { train: list(train), validation: list(validation), test: list(test) };
}

/** Share of the plates held out to choose the best epoch. */
const HELD_OUT = 0.1;

async function setUpFresh(fresh: FreshTraining, { note }: SetupContext): Promise<Start> {
  requireRecipe(fresh.recipe);
  const { validation = HELD_OUT } = fresh;
  const settings = { ...readSettings(fresh.task, "plates", "task"), heldOut: validation };
  refuseForeign(fresh);
  const isReader = settings.part === "read";
  const options = isReader ? { slots: SLOTS, ...fresh.modelOptions } : fresh.modelOptions;
  const start = await openStart(
    {
      ...fresh,
      ...(fresh.from === undefined && fresh.weights === undefined ? { modelOptions: options } : {}),
    },
    isReader
      ? () => [readerScores.length, SLOTS]
      : ([, height, width]) => [locatorScores.length, height / STRIDE, width / STRIDE],
  );
  const parts = await listParts(fresh.data, {
    part: settings.part,
    share: validation,
    seed: fresh.recipe.seed,
  });
  if (fresh.data !== DRAWN && parts.train.length === 0)
    throw new OptionError("validation", `${validation} leaves no picture of ${fresh.data} to train on`);
  const started = start.build(isReader ? readerScores : locatorScores, 3);
  started.notes.forEach(note);
  const recipe = fitRecipe(fresh, settings.samples, note);
  note(
    parts.train.length === 0
      ? "plates are drawn; none is real"
      : `${parts.train.length} pictures to train on, ${parts.validation.length} to choose the best epoch, ${parts.test.length} kept for the test`,
  );
  const [channels, ...rest] = start.imageShape;
  const network: NetworkCard = {
    model: started.model,
    imageShape: isReader ? [channels, ...rest] : [channels, ...WINDOW],
    data: fresh.data,
    classes: isReader ? readerScores : locatorScores,
    normalization: plateNormalization,
    task: { ...settings },
  };
  // Without pictures, what is counted is drawn.
  const train = parts.train.length === 0 ? settings.samples : parts.train.length;
  const data = {
    train,
    validation: parts.validation.length,
    augmentation: "of the task",
    ...(fresh.data === DRAWN ? {} : { names: hashNames(namesIn(fresh.data, parts)) }),
  };
  const notes: CheckpointNotes = {
    network,
    recipe,
    data,
    place: startOfTraining,
    engine: { lowering: "", runtime: "" },
  };
  return { parts, settings, notes, ...(started.state === undefined ? {} : { state: started.state }) };
}

/** @throws {FormatError} if the checkpoint is damaged, or the data are others now */
async function setUpResumed(
  { path, checkpoint: { notes, state } }: ResumedTraining,
  { note }: SetupContext,
): Promise<Start> {
  const settings = readSettings(notes.network.task, "plates", path);
  const { recipe, network } = notes;
  const { part, heldOut: share } = settings;
  if (share === undefined)
    throw new FormatError(path, "does not say which plates were held out; start a training from it with `from`");
  const parts = await listParts(network.data, { part, share, seed: recipe.seed });
  if (network.data !== DRAWN) requireSameImages(namesIn(network.data, parts), { notes, path }, note);
  return { parts, settings, notes, state: state as TrainingState };
}

/** Sets up a training to find or read plates. */
export async function setUpPlates(
  start: FreshTraining | ResumedTraining,
  context: SetupContext,
): Promise<TrainingSetup> {
  const found = "checkpoint" in start ? await setUpResumed(start, context) : await setUpFresh(start, context);
  return toSetup({ ...found, notes: { ...found.notes, engine: context.engine } });
}
