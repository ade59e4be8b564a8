import { serveRequests } from "../../../jobs/web/service.ts";
import { buildBlockedGraph, isRemovable } from "../../../lab/lesion/rewire.ts";
import { OptionError, TrainingError } from "../../../tensor/errors.ts";
import { type TrainedLane, trainLane } from "../../train-lane.ts";
import { openLaneHost } from "../lane-host.ts";
import { loadDigits } from "../load-digits.ts";
import { cutBlocks, type Study } from "../network/study.ts";
import type { LaneJob } from "../race-protocol.ts";
import type { CutAnswer, CutRequest, networkCutting } from "./cut-service.ts";

const host = openLaneHost();
const { runtime } = host;

/** The network that was trained last, with the digits that it has not seen. */
let trained: Study | undefined;

async function train({ digits: address, ...job }: LaneJob, report: (step: number) => void): Promise<CutAnswer> {
  const digits = await loadDigits(address);
  let kept: TrainedLane | undefined;
  const { reason = "" } = await trainLane(
    job,
    digits,
    host,
    {
      report: (event) => event.kind === "step" && report(event.step.step),
      shouldStop: async () => false,
    },
    (lane) => (kept = lane),
  );
  if (kept === undefined) throw new TrainingError("training", reason);
  const { network, module, state } = kept;
  const { imageShape, classes, normalization } = network;
  const blocked = buildBlockedGraph(module, imageShape, state);
  const { test } = digits;
  trained = {
    network: { label: network.model.name, module, state, imageShape, classes: classes.length, data: "", notes: [] },
    normalization,
    classNames: classes,
    blocked,
    images: { name: network.data, set: test, given: test.count, leftOut: [] },
    known: new Map(),
  };
  return {
    kind: "trained",
    blocks: blocked.blocks.map((block) => ({ name: block.name, isRemovable: isRemovable(blocked.graph, block) })),
    score: await cutBlocks(trained, [], runtime),
  };
}

async function answer(request: CutRequest, report: (step: number) => void): Promise<CutAnswer> {
  if (request.kind === "train") return train(request.job, report);
  if (trained === undefined) throw new OptionError("network", "none is open; choose one first");
  return { kind: "cut", score: await cutBlocks(trained, request.removed, runtime) };
}

serveRequests<typeof networkCutting>({ answer });
