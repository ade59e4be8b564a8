import type { ListedRun, RunStatus } from "../../runs/read-export.ts";

/** What runs can be sorted by. */
export type SortKey = "started" | "took" | "name" | "status" | "steps" | "loss" | "validation" | "test";

/** Which runs are listed, and in which order. */
export interface View {
  /** Words that a run's id, name, command, machine, status or tags must have, all of them. */
  readonly filter: string;
  readonly status: RunStatus | "";
  readonly sort: SortKey;
  readonly isRising: boolean;
  /** Counts from 0. */
  readonly page: number;
}

/** Tags given in the page, by run. */
export type OwnTags = Readonly<Record<string, readonly string[]>>;

/** A run with the tags of its store and those given in the page. */
export function withTags(run: ListedRun, own: OwnTags): ListedRun {
  const added = Object.hasOwn(own, run.id) ? own[run.id] : [];
  return added.length === 0 ? run : { ...run, tags: [...new Set([...run.tags, ...added])] };
}

/** Latest first, as `residua runs list` has it. */
export const standardView: View = { filter: "", status: "", sort: "started", isRising: false, page: 0 };

/** Runs of a page. */
export const pageSize = 100;

/** The first measure of a part that is not its loss, by its last value. */
export function measureOf(
  { last }: ListedRun,
  part: "validation" | "test",
): readonly [name: string, value: number] | undefined {
  const found = Object.entries(last).find(([name]) => name.startsWith(`${part}/`) && name !== `${part}/loss`);
  return found === undefined ? undefined : [found[0].slice(part.length + 1), found[1]];
}

const keys: { readonly [Key in SortKey]: (run: ListedRun) => string | number | undefined } = {
  started: ({ startedAt }) => startedAt,
  took: ({ seconds }) => seconds,
  name: ({ name }) => name,
  status: ({ status }) => status,
  steps: ({ steps }) => steps,
  loss: ({ last }) => last["loss"],
  validation: (run) => measureOf(run, "validation")?.[1],
  test: (run) => measureOf(run, "test")?.[1],
};

const isMissing = (key: string | number | undefined): boolean => key === undefined || Number.isNaN(key);

/** The runs that a view lists, in its order; those without what it sorts by come last. */
export function listRuns(runs: readonly ListedRun[], { filter, status, sort, isRising }: View): readonly ListedRun[] {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const isListed = (run: ListedRun): boolean => {
    if (status !== "" && run.status !== status) return false;
    if (words.length === 0) return true;
    const text = [run.id, run.name, run.command, run.host, run.status, ...run.tags].join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const keyed = runs.filter(isListed).map((run) => ({ run, key: keys[sort](run) }));
  const sign = isRising ? 1 : -1;
  return keyed
    .toSorted((a, b) => {
      const [first, second] = [isMissing(a.key), isMissing(b.key)];
      if (first || second) return Number(first) - Number(second);
      return a.key === b.key ? 0 : sign * (a.key! < b.key! ? -1 : 1);
    })
    .map(({ run }) => run);
}
