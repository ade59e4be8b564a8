import { measuresBefore, nameMeasures } from "../files/unnamed-measures.ts";
import type { Database } from "./database.ts";
import { encodeJson } from "./json.ts";
import type { MetricRow, RunRow } from "./schema.ts";

function taskOf(config: string): unknown {
  return ((JSON.parse(config) ?? {}) as { readonly network?: { readonly task?: unknown } }).network?.task;
}

/** Version 0.1.0 recorded every measure as accuracy. This derives the real names from the run's configuration. */
function renamesOf(config: string): ReadonlyMap<string, string> {
  const { training, main } = measuresBefore(taskOf(config));
  const names = [
    ["accuracy", training],
    ["epoch/accuracy", `epoch/${training}`],
    ["validation/accuracy", `validation/${main}`],
    ["test/accuracy", `test/${main}`],
  ] as const;
  return new Map(names.filter(([before, now]) => before !== now));
}

type NamedRow = Pick<RunRow, "config" | "summary" | "result">;

/** Names every measure in a run's summary and result; a run that has names is unchanged. */
function nameInRow({ config, summary, result }: NamedRow): Pick<RunRow, "summary" | "result"> {
  const renames = renamesOf(config);
  const metrics = Object.entries(JSON.parse(summary) as Record<string, unknown>);
  return {
    summary: encodeJson(Object.fromEntries(metrics.map(([name, values]) => [renames.get(name) ?? name, values]))),
    result: result === null ? null : encodeJson(nameMeasures(JSON.parse(result), taskOf(config))),
  };
}

/** Names every measure in a run change buffered by an older release. */
export function nameInChange<Change extends { readonly run: RunRow; readonly metrics: readonly MetricRow[] }>(
  change: Change,
): Change {
  const renames = renamesOf(change.run.config);
  return {
    ...change,
    run: { ...change.run, ...nameInRow(change.run) },
    metrics: change.metrics.map((row) => ({ ...row, name: renames.get(row.name) ?? row.name })),
  };
}

/** Gives every measure of every run its name. Idempotent, so it can be rerun after an interruption. */
export async function nameStoredMeasures({ kysely }: Database): Promise<void> {
  const rows = await kysely.selectFrom("residua_runs").select(["id", "config", "summary", "result"]).execute();
  for (const { id, ...row } of rows as unknown as readonly (NamedRow & Pick<RunRow, "id">)[]) {
    for (const [before, now] of renamesOf(row.config)) {
      const query = kysely.updateTable("residua_metrics").set({ name: now });
      await query.where("run_id", "=", id).where("name", "=", before).execute();
    }
    const named = nameInRow(row);
    if (named.summary === row.summary && named.result === row.result) continue;
    await kysely.updateTable("residua_runs").set(named).where("id", "=", id).execute();
  }
}
