import { makeFolder, toEnvironmentError } from "../../files/node.ts";
import { type FileHandle, open } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { createGraphBuilder } from "../../onnx/builder.ts";
import { addForward } from "../../nn/forward.ts";
import { EnvironmentError } from "../../tensor/errors.ts";
import { createCardModule, type NetworkCard } from "../../networks/card.ts";
import type { JobObserver } from "../observers.ts";
import { encodeFileVersion, encodeGraphEvent, encodeSummary, type SummaryValue } from "../tensorboard/event.ts";
import { encodeGraphDef } from "../tensorboard/graph.ts";
import { finalMetrics, type Metrics, metricsOf } from "./metrics.ts";
import type { TrainingEvent, TrainingResult } from "./job.ts";

/** The most to buffer for a slow disk; beyond that, the log is dropped rather than exhausting memory. */
const LARGEST_BACKLOG = 2 ** 26;
const FINISH_MILLISECONDS = 10_000;

/**
 * Writes a training run to an event file in `folder`, for TensorBoard to show live: scalars per step and epoch, the
 * first batch's images, the graph, and, after every epoch, histograms of weights and gradients.
 */
export function observeForTensorBoard(folder: string): JobObserver<TrainingEvent, TrainingResult> {
  const log = createEventLog(folder);
  let step = 0;
  const scalars = (values: Metrics): void => {
    if (Object.keys(values).length === 0) return;
    log.add((seconds) =>
      encodeSummary(
        seconds,
        step,
        Object.entries(values).map(([tag, scalar]) => ({ tag, scalar })),
      ),
    );
  };
  return {
    name: "TensorBoard",
    observe: (event) => {
      if (event.kind === "start") {
        step = event.start.notes.place.step;
        log.add((seconds) => encodeGraphEvent(seconds, graphOf(event.start.notes.network)));
      }
      if (event.kind === "step") step = event.progress.step;
      if (event.kind === "sample")
        log.add((seconds) => encodeSummary(seconds, step, [{ tag: "training images", image: event.image }]));
      if (event.kind === "distributions") {
        const values = (["weights", "gradients"] as const).flatMap((kind): readonly SummaryValue[] =>
          Object.entries(event.distributions[kind]).map(([name, histogram]) => ({ tag: `${kind}/${name}`, histogram })),
        );
        log.add((seconds) => encodeSummary(seconds, step, values));
      }
      scalars(metricsOf(event));
    },
    finish: async (outcome) => {
      if ("result" in outcome) scalars(finalMetrics(outcome.result));
      await log.close();
    },
  };
}

function graphOf(card: NetworkCard): Uint8Array {
  const g = createGraphBuilder(card.model.name);
  const images = g.input("images", "float32", [1, ...card.imageShape]);
  g.output("scores", addForward(g, createCardModule(card), images, { mode: "evaluate" }).output);
  return encodeGraphDef(g.finish());
}

interface EventLog {
  /** @throws {EnvironmentError} if writing an earlier record failed */
  add(encode: (seconds: number) => Uint8Array): void;
  close(): Promise<void>;
}

/** An event file that grows as training runs. */
function createEventLog(folder: string): EventLog {
  const start = Date.now() / 1000;
  const name = `events.out.tfevents.${Math.floor(start)}.${hostname()}.${process.pid}.${Math.floor((start % 1) * 1e6)}`;
  const path = join(folder, name);
  let backlog = 0;
  let failure: unknown;
  let file: FileHandle | undefined;
  let last = openLog(folder, path)
    .then((opened) => {
      file = opened;
      return opened.appendFile(encodeFileVersion(start));
    })
    .catch(fail);
  function fail(cause: unknown): void {
    failure ??= toEnvironmentError(path, "cannot write", cause);
  }
  return {
    add: (encode) => {
      if (failure !== undefined) throw failure as Error;
      const record = encode(Date.now() / 1000);
      backlog += record.length;
      if (backlog > LARGEST_BACKLOG) throw new EnvironmentError(path, "the disk is too slow for the log");
      last = last
        .then(async () => {
          if (failure === undefined) await file!.appendFile(record);
          backlog -= record.length;
        })
        .catch(fail);
    },
    close: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          fail(new EnvironmentError(path, "the disk did not take the log in time"));
          resolve();
        }, FINISH_MILLISECONDS);
      });
      await Promise.race([last, late]);
      clearTimeout(timer);
      await file?.close().catch(fail);
      if (failure !== undefined) throw failure as Error;
    },
  };
}

async function openLog(folder: string, path: string): Promise<FileHandle> {
  // The error should name the log, not its folder.
  await makeFolder(folder).catch((error: Error) => {
    throw error.cause ?? error;
  });
  return open(path, "ax");
}
