import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { identifySource } from "../../data/node/identify-source.ts";
import { identityOf } from "../../jobs/node/journal.ts";
import { EnvironmentError, errorMessage, TrainingError } from "../../tensor/errors.ts";
import { bytesOf } from "../../tensor/tensor.ts";
import { describeEngine } from "../describe-engine.ts";
import type { Collective } from "../strategies/collective.ts";
import { gatherTexts } from "../strategies/exchange.ts";
import type { TrainingState } from "../trainer.ts";
import type { TrainingSetup } from "./set-up.ts";

/** What must be the same on every rank for its gradients to be of one training, in the order in which it is compared. */
const COMPARED = ["code", "engine", "seed", "recipe", "data", "network", "start"] as const;
type Facts = Readonly<Record<(typeof COMPARED)[number], string>>;

/** What to do about a difference. */
const CURES: Readonly<Record<keyof Facts, string>> = {
  code: "install the same version of Residua on all machines",
  engine: "all ranks must lower and compute alike, see `lowering`",
  seed: "give all ranks the same `seed`",
  network: "give all ranks the same network and classes",
  recipe: "give all ranks the same options",
  data: "all ranks must read the same files",
  start: "all ranks must start from the same weights or checkpoint",
};

/** A set-up, or why there is none. */
export type Attempt = { readonly setup: TrainingSetup } | { readonly error: unknown };

/**
 * Goes on only if every rank could set its training up, and all have the same.
 *
 * @throws what went wrong on this rank, or an {@link EnvironmentError} that names the first other rank with a failure or
 *   a difference
 */
export async function requireAgreement(collective: Collective, attempt: Attempt): Promise<void> {
  const said = "error" in attempt ? { error: errorMessage(attempt.error) } : await describe(attempt.setup);
  const all = (await gatherTexts(collective, JSON.stringify(said))).map(
    (text) => JSON.parse(text) as Facts | { readonly error: string },
  );
  if ("error" in attempt) throw attempt.error;
  const failed = all.findIndex((each) => "error" in each);
  if (failed >= 0) throw new EnvironmentError(`rank ${failed}`, (all[failed] as { readonly error: string }).error);
  const [first, ...others] = all as readonly Facts[];
  for (const [index, facts] of others.entries()) {
    const name = COMPARED.find((each) => facts[each] !== first[each]);
    if (name === undefined) continue;
    const which = name === "engine" ? `engine (${facts.engine}, not ${first.engine})` : name;
    throw new EnvironmentError(`rank ${index + 1}`, `has another ${which} than rank 0; ${CURES[name]}`);
  }
}

/**
 * Goes on only if every rank holds the same bits: one that drifted, by a fault of its memory or a sum that differs between
 * ranks, would spoil the training unseen.
 *
 * @param state everything that a rank keeps between steps
 * @throws {TrainingError} on every rank, which names the first that differs from rank 0
 */
export async function requireSameState(collective: Collective, step: number, state: TrainingState): Promise<void> {
  const hashes = await gatherTexts(collective, hashState(state));
  const differing = hashes.findIndex((hash) => hash !== hashes[0]);
  if (differing < 0) return;
  throw new TrainingError(
    `rank ${differing}`,
    `holds other parameters than rank 0 after step ${step}; resume from the last checkpoint, and check that machine's memory and MPI library if it happens again`,
  );
}

function hashState(state: TrainingState): string {
  const tensors = Array.from(state, ([name, value]) => [name, value] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return identityOf(
    tensors.map(([name]) => name),
    tensors.map(([, value]) => bytesOf(value)),
  );
}

async function describe({ notes, source, state, sampleShape }: TrainingSetup): Promise<Facts> {
  const { network, recipe, data, place, engine } = notes;
  const { seed, ...rest } = recipe;
  const tensors = Array.from(state ?? [], ([name, value]) => [name, value] as const);
  return {
    code: await hashCode(),
    engine: describeEngine(engine),
    seed: String(seed),
    network: identityOf({ network: { ...network, data: "" }, sampleShape: sampleShape ?? null }),
    recipe: identityOf({ recipe: rest, augmentation: data.augmentation }),
    data: identityOf({ data, source: await identifySource(source) }),
    start: identityOf(
      { place, names: tensors.map(([name]) => name) },
      tensors.map(([, value]) => bytesOf(value)),
    ),
  };
}

/** All of the package's code. */
async function hashCode(): Promise<string> {
  const folder = fileURLToPath(new URL("../../", import.meta.url));
  const names = (await readdir(folder, { recursive: true })).filter((name) => /\.[jt]s$/.test(name)).toSorted();
  const hash = createHash("sha256");
  for (const name of names) hash.update(`${name} `).update(await readFile(join(folder, name)));
  return hash.digest("hex");
}
