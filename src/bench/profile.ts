import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Lowering } from "../compile/lowering.ts";
import { createModel } from "../nn/models.ts";
import { sgd } from "../optim/sgd.ts";
import type { Runtime, Session } from "../runtime/runtime.ts";
import { randomStream } from "../tensor/random.ts";
import { float32, int64 } from "../tensor/tensor.ts";
import { createTrainer } from "../train/trainer.ts";

const CLASSES = 10;

/** The shapes of tensors, each by the name of its element type. */
export type ProfiledShapes = readonly Readonly<Record<string, readonly number[]>>[];

/** A line of ONNX Runtime's profile, as far as it is read here; times in microseconds. */
export interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly input_type_shape?: ProfiledShapes;
    readonly output_type_shape?: ProfiledShapes;
    readonly thread_scheduling_stats?: { readonly main_thread?: { readonly Wait?: number } };
  };
}

/** Steps whose profile is wanted. */
export interface ProfiledSteps {
  readonly runtime: Runtime;
  readonly lowering: Lowering;
  readonly model: string;
  readonly batch: number;
  /** Height and width of the images. */
  readonly size: number;
  readonly steps: number;
  readonly threads?: number;
  /** The decay of moving averages, if there are some. */
  readonly average?: number | undefined;
}

/** Takes steps of SGD with momentum on random images, and reads ONNX Runtime's profile of them. */
export async function profileSteps(wanted: ProfiledSteps): Promise<readonly ProfileEvent[]> {
  const { runtime, lowering, model, batch, size, steps, threads, average } = wanted;
  const folder = await mkdtemp(join(tmpdir(), "residua-profile-"));
  const sessions: Session[] = [];
  const watched: Runtime = {
    ...runtime,
    load: async (file, options) => {
      const session = await runtime.load(file, options);
      sessions.push(session);
      return session;
    },
  };
  try {
    const trainer = await createTrainer({
      runtime: watched,
      lowering,
      module: createModel(model, { classes: CLASSES }).module,
      imageShape: [3, size, size],
      batch,
      optimizer: sgd({ momentum: 0.9, weightDecay: 1e-4 }),
      seed: 1,
      session: { profile: join(folder, "step"), ...(threads === undefined ? {} : { threads }) },
      ...(average === undefined ? {} : { average }),
    });
    const stream = randomStream(1, "profiled steps");
    const pixels = Float32Array.from({ length: batch * 3 * size * size }, () => stream.normal());
    const labels = Array.from({ length: batch }, (_, index) => index % CLASSES);
    for (let step = 0; step < steps; step++)
      await trainer.step({ images: float32([batch, 3, size, size], pixels), labels: int64([batch], labels) }, 0.01);
    sessions[0].endProfiling();
    await trainer.release();
    const [file] = (await readdir(folder)).toSorted();
    return JSON.parse(await readFile(join(folder, file), "utf8")) as ProfileEvent[];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
