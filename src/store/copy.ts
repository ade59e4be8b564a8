import { createHash } from "node:crypto";
import { FormatError, OptionError } from "../tensor/errors.ts";
import { type CountedChecksum, createRowsChecksum } from "./checksum.ts";
import { explained, inTransaction } from "./database.ts";
import { encodeJson } from "./json.ts";
import { markCrashed, type RunStore } from "./run-store.ts";
import { decodeSummary } from "./run-row.ts";
import { type ArtifactRow, type MetricRow, type RunRow, storeTables, type TagRow } from "./schema.ts";
import { insertRows, readPages, readRows, writeRows } from "./tables.ts";

/** The progress of a copy. */
export interface CopyProgress {
  readonly runs: number;
  readonly allRuns: number;
  /** Metric values that have been read. */
  readonly values: number;
  readonly allValues: number;
}

/** The result of a copy. */
export interface CopyReport {
  readonly runs: number;
  /** Metric values in the copied runs, and how many of them had to be written. */
  readonly values: number;
  readonly written: number;
  /** Over everything that was copied: the same on both sides. */
  readonly sha256: string;
}

const { residua_runs: runs, residua_metrics: metrics, residua_artifacts: artifacts, residua_tags: tags } = storeTables;

/**
 * Copies all runs into another store. Existing data are not written again, so an interrupted copy resumes; a run
 * appears in the other store once it is complete. Every run is read back and compared by count and checksum; if the
 * other store has different data under a run's id, the source's replace them.
 *
 * @throws {OptionError} if both are the same store
 * @throws {FormatError} if the data read back differ
 */
export async function copyRuns(
  from: RunStore,
  to: RunStore,
  onProgress: (progress: CopyProgress) => void = () => undefined,
): Promise<CopyReport> {
  if (from.description === to.description) throw new OptionError("to", `is the store to copy from, ${to.description}`);
  await markCrashed(from);
  const rows = await readRows(from.database, "residua_runs", runs);
  const ordered = rows.toSorted((a, b) => a.started_at - b.started_at || (a.id < b.id ? -1 : 1));
  const counts = ordered.map(({ id, summary }) =>
    Object.values(decodeSummary(summary, id)).reduce((sum, m) => sum + m.count, 0),
  );
  const allValues = counts.reduce((sum, count) => sum + count, 0);
  const whole = createRowsChecksum({ id: "key", sha256: "key" });
  let [values, written] = [0, 0];
  for (const [index, run] of ordered.entries()) {
    const report = (read: number): void =>
      onProgress({ runs: index, allRuns: ordered.length, values: values + read, allValues });
    const copied = await copyRun(from, to, run, report);
    values += copied.metrics.count;
    written += copied.written;
    whole.add([{ id: run.id, sha256: copied.sha256 }]);
  }
  return { runs: ordered.length, values, written, sha256: whole.finish().sha256 };
}

interface CopiedRun {
  readonly metrics: CountedChecksum;
  readonly written: number;
  readonly sha256: string;
}

async function copyRun(from: RunStore, to: RunStore, run: RunRow, report: (read: number) => void): Promise<CopiedRun> {
  const found = await copyMetrics(from, to, run.id, report);
  const wanted = checksumParts(await copyRest(from, to, run), found.checksum);
  const [back] = await readRows(to.database, "residua_runs", runs, { where: { id: run.id } });
  if (back === undefined || checksumParts(await readParts(to, back), found.checksum) !== wanted)
    throw new FormatError(
      to.description,
      `gives back another run ${run.id} than was written; was it changed meanwhile?`,
    );
  return { metrics: found.checksum, written: found.written, sha256: wanted };
}

/** Copies the missing metrics, or all of them if the existing ones differ. */
async function copyMetrics(
  from: RunStore,
  to: RunStore,
  runId: string,
  report: (read: number) => void,
): Promise<{ readonly checksum: CountedChecksum; readonly written: number }> {
  for (let attempt = 0; ; attempt++) {
    const reached = await readReached(to, runId);
    const isMissing = ({ name, step }: MetricRow): boolean =>
      !(step <= (reached.get(name) ?? Number.NEGATIVE_INFINITY));
    const source = createRowsChecksum(metrics.columns);
    let [read, written] = [0, 0];
    for await (const page of readPages(from.database, "residua_metrics", metrics, { where: { run_id: runId } })) {
      const missing = page.filter(isMissing);
      await writeRows(to.database, "residua_metrics", metrics, missing);
      source.add(page);
      read += page.length;
      written += missing.length;
      report(read);
    }
    const checksum = source.finish();
    const back = await checksumMetrics(to, runId);
    if (back.count === checksum.count && back.sha256 === checksum.sha256) return { checksum, written };
    if (attempt > 0)
      throw new FormatError(
        to.description,
        `has ${back.count} values of run ${runId} after copying ${checksum.count}, or others; was it changed meanwhile?`,
      );
    await inTransaction(to.database, async ({ kysely }) => {
      await kysely.deleteFrom("residua_metrics").where("run_id", "=", runId).execute();
    });
  }
}

/** The last step of every existing metric. */
async function readReached({ database }: RunStore, runId: string): Promise<ReadonlyMap<string, number>> {
  return explained(database, async () => {
    const rows = await database.kysely
      .selectFrom("residua_metrics")
      .select(["name", (eb) => eb.fn.max("step").as("reached")])
      .where("run_id", "=", runId)
      .groupBy("name")
      .execute();
    return new Map(rows.map(({ name, reached }) => [String(name), Number(reached)]));
  });
}

async function checksumMetrics({ database }: RunStore, runId: string): Promise<CountedChecksum> {
  const checksum = createRowsChecksum(metrics.columns);
  for await (const page of readPages(database, "residua_metrics", metrics, { where: { run_id: runId } })) {
    checksum.add(page);
  }
  return checksum.finish();
}

/** Everything in a run except its metrics. */
interface RunParts {
  readonly run: RunRow;
  readonly artifacts: readonly ArtifactRow[];
  readonly tags: readonly TagRow[];
}

async function readParts({ database }: RunStore, run: RunRow): Promise<RunParts> {
  const where = { run_id: run.id };
  return {
    run,
    artifacts: await readRows(database, "residua_artifacts", artifacts, { where }),
    tags: await readRows(database, "residua_tags", tags, { where }),
  };
}

/** Copies artefacts, tags and, last, the run itself. */
async function copyRest(from: RunStore, to: RunStore, run: RunRow): Promise<RunParts> {
  const parts = await readParts(from, run);
  await inTransaction(to.database, async (transaction) => {
    for (const table of ["residua_artifacts", "residua_tags"]) {
      await transaction.kysely.deleteFrom(table).where("run_id", "=", run.id).execute();
    }
    await insertRows(transaction, "residua_artifacts", artifacts, parts.artifacts);
    await insertRows(transaction, "residua_tags", tags, parts.tags);
    await insertRows(transaction, "residua_runs", runs, [run]);
  });
  return parts;
}

const checksumParts = (parts: RunParts, values: CountedChecksum): string =>
  createHash("sha256").update(encodeJson({ parts, values })).digest("hex");
