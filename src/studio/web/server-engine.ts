import type { RaceEvent, RaceJob, RaceResult, StudioEngine, TrainedFile, TrainEvent, TrainJob } from "../engine.ts";
import type { ServerFacts } from "../server-protocol.ts";
import { engineAddress, isOffered, runOnServer, type ServerJob } from "./server-job.ts";

const race: ServerJob<readonly RaceJob[], RaceEvent, readonly RaceResult[]> = { name: "race" };
const training: ServerJob<TrainJob, TrainEvent, TrainedFile> = { name: "training" };

/** The engine of the server that gave the page, if there is one and it lets this browser use it. */
export async function findServerEngine(): Promise<StudioEngine | undefined> {
  if (!isOffered("engine")) return undefined;
  try {
    const response = await fetch(engineAddress("engine"));
    if (!response.ok) return undefined;
    const { threads } = (await response.json()) as ServerFacts;
    return {
      facts: { kind: "server", threads },
      race: (jobs, onEvent) => runOnServer(race, jobs, { onEvent }),
      train: (job, onEvent) => runOnServer(training, job, { onEvent }),
    };
  } catch {
    return undefined;
  }
}
