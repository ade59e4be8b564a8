import { writeFileAtomically } from "../../files/node.ts";
import { type Command, Option } from "commander";
import { copyRuns } from "../../store/copy.ts";
import { exportCsv, exportJson } from "../../store/export.ts";
import { artifactPath, dropArtifact } from "../../store/artifacts.ts";
import { encodeJson } from "../../store/json.ts";
import {
  changeTags,
  findArtifact,
  findRun,
  identifyRun,
  listRuns,
  readArtifacts,
  removeRun,
  type RunFilter,
  type RunIdentity,
  type RunStore,
} from "../../store/run-store.ts";
import { type Run, type RunStatus, runStatuses, withoutRun } from "../../store/run.ts";
import { OptionError } from "../../tensor/errors.ts";
import { buildTrees } from "../../tree/build.ts";
import { drawTrees } from "../../tree/draw.ts";
import { printTree } from "../../tree/print.ts";
import { findInTree, type Tree } from "../../tree/tree.ts";
import { drawingOption, writeDrawing } from "../drawing-file.ts";
import { OutputFileOption, requireNoInput } from "../output-file.ts";
import { onlyGiven, sharedOptions, wholeNumber } from "../options.ts";
import {
  counted,
  formatCount,
  formatDuration,
  formatTable,
  print,
  say,
  printLines,
  toLine,
  printJson,
} from "../output.ts";
import { createProgress } from "../progress.ts";
import { type StorePlace, storePlace, withStore } from "../store.ts";
import { phrase } from "../../report/words.ts";
import { spoken, spokenMessage } from "../lang/language.ts";

interface SharedOptions {
  readonly store?: string;
  readonly json?: boolean;
}

interface ListOptions extends SharedOptions {
  readonly status?: RunStatus;
  readonly tag?: string;
  readonly command?: string;
  readonly limit?: number;
}

/** JSON with NaN and the infinities as texts: equal runs give equal bytes, whatever store holds them. */
function printStoreJson(value: unknown): void {
  printJson(JSON.parse(encodeJson(value)));
}

/** How runs are printed; it knows all tasks, which help has no use for. */
const loadOutput = () => import("../runs-output.ts");
interface ReadableRuns {
  readonly runs: readonly Run[];
  /** What the JSON says of rows that are no valid runs; empty if there are none. */
  readonly damage: { readonly damaged?: readonly { readonly id: string; readonly detail: string }[] };
}

/** The runs that can be read; one damaged row keeps nobody from the others, and is named on standard error. */
async function listReadable(store: RunStore, filter: RunFilter = {}): Promise<ReadableRuns> {
  const damaged: { readonly id: string; readonly detail: string }[] = [];
  const runs = await listRuns(store, filter, (id, { detail }) => damaged.push({ id, detail }));
  for (const { id, detail } of damaged) say({ en: `run ${id}: ${detail}`, zh: `运行 ${id}：${spokenMessage(detail)}` });
  return { runs, damage: damaged.length === 0 ? {} : { damaged } };
}

/** A project in which nothing has been trained yet has no store of its own. */
const hasNothing = ({ exists, isNamed }: StorePlace): boolean => !exists && !isNamed;

function printNone(description: string): void {
  print({ en: `No runs in ${description}.`, zh: `${description} 中没有运行。` });
}

async function list(options: ListOptions): Promise<void> {
  const place = storePlace(options.store);
  if (hasNothing(place)) return options.json ? printStoreJson({ runs: [] }) : printNone(place.description);
  return withStore(place, async (store) => {
    const { status, tag, command, limit } = options;
    const { runs, damage } = await listReadable(store, onlyGiven({ status, tag, command, limit }));
    if (options.json) printStoreJson({ runs, ...damage });
    else if (runs.length === 0) printNone(store.description);
    else printLines((await loadOutput()).formatRunList(runs));
  });
}

function show(id: string, options: SharedOptions): Promise<void> {
  const place = storePlace(options.store);
  return withStore(place, async (store) => {
    const run = await findRun(store, id);
    const artifacts = await readArtifacts(store, run.id);
    const files = artifacts.map(withoutRun);
    if (options.json) printStoreJson({ run, artifacts: files });
    else
      printLines(
        (await loadOutput()).formatRun(run, artifacts, (sha256) => artifactPath(place.project.artifacts, sha256)),
      );
  });
}

interface TreeOptions extends SharedOptions {
  readonly svg?: string;
}

/** The trees of some runs, or the one that contains a given run. */
async function growRunTrees(
  store: RunStore,
  runs: readonly Run[],
  id: string | undefined,
): Promise<readonly Tree<Run>[]> {
  const trees = buildTrees(runs, {
    id: (run) => run.id,
    parent: ({ parentId }) => parentId ?? undefined,
    orphans: "root",
  });
  if (id === undefined) return trees;
  const wanted = await findRun(store, id);
  return trees.filter((tree) => findInTree(tree, (run) => run.id === wanted.id) !== undefined);
}

async function showTree(id: string | undefined, options: TreeOptions): Promise<void> {
  const place = storePlace(options.store);
  if (options.svg !== undefined) await requireNoInput([options.svg], "--svg", place.files);
  return withStore(place, async (store) => {
    const { describeRun } = await loadOutput();
    const { runs, damage } = await listReadable(store);
    const trees = await growRunTrees(store, runs, id);
    if (options.svg !== undefined) {
      const drawing = drawTrees(trees, {
        label: describeRun,
        hint: (run) => run.id,
        title: spoken({ en: "runs", zh: "运行" }),
      });
      await writeDrawing(options.svg, drawing);
      say({ en: `${counted(trees.length, "tree")}: ${options.svg}`, zh: `${trees.length} 棵树：${options.svg}` });
    }
    if (options.json) return printStoreJson({ trees, ...damage });
    if (options.svg !== undefined) return;
    if (trees.length === 0) printNone(store.description);
    for (const tree of trees) printLines(printTree(tree, (run) => toLine(describeRun(run))));
  });
}

function compare(ids: readonly string[], options: SharedOptions): Promise<void> {
  return withStore(storePlace(options.store), async (store) => {
    const runs = await findRuns(store, ids);
    const { comparedColumns, compareRuns } = await loadOutput();
    const { differences, metrics } = compareRuns(runs);
    if (options.json) return printStoreJson({ runs: runs.map(({ id, name }) => ({ id, name })), differences, metrics });
    const columns = comparedColumns(runs);
    if (differences.length === 0) print({ en: "Equal configurations.", zh: "配置相同。" });
    else printLines(formatTable(columns, differences));
    print();
    printLines(formatTable(columns, metrics));
  });
}

async function findRuns(store: RunStore, ids: readonly string[]): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (const id of ids) runs.push(await findRun(store, id));
  return runs;
}

function remove(ids: readonly string[], options: SharedOptions & { readonly force?: boolean }): Promise<void> {
  const place = storePlace(options.store);
  return withStore(place, async (store) => {
    const runs: RunIdentity[] = [];
    for (const id of ids) runs.push(await identifyRun(store, id));
    const running = runs.find(({ status }) => status === "running");
    if (running !== undefined && !options.force)
      throw new OptionError("run", `${running.id} is running; stop it first, or give --force`);
    for (const { id } of runs) await removeWhole(place, store, id);
    if (options.json) printStoreJson({ removed: runs.map(({ id }) => id) });
    else for (const { id, name } of runs) print({ en: `Removed ${id}, ${name}.`, zh: `已删除 ${id}，${name}。` });
  });
}

/** Removes the run, and its kept files unless another run has the same ones. */
async function removeWhole({ project }: StorePlace, store: RunStore, id: string): Promise<void> {
  const artifacts = await readArtifacts(store, id);
  await removeRun(store, id);
  for (const { sha256 } of artifacts) {
    if ((await findArtifact(store, sha256)).length === 0) await dropArtifact(project.artifacts, sha256);
  }
}

function changeRunTags(
  id: string,
  tags: readonly string[],
  options: SharedOptions & { readonly remove?: boolean },
): Promise<void> {
  return withStore(storePlace(options.store), async (store) => {
    const run = await findRun(store, id);
    const missing = tags.find((tag) => !run.tags.includes(tag));
    if (options.remove && missing !== undefined) throw new OptionError(run.id, `has no tag "${missing}"`);
    await changeTags(store, run.id, options.remove ? { remove: tags } : { add: tags });
    const changed = await findRun(store, run.id);
    if (options.json) printStoreJson({ id: run.id, tags: changed.tags });
    else print(phrase(`${run.id}: `, changed.tags.join(", ") || { en: "no tags", zh: "无标签" }));
  });
}

async function copy(options: SharedOptions & { readonly from?: string; readonly to: string }): Promise<void> {
  const start = performance.now();
  const from = storePlace(options.from, "--from");
  const to = storePlace(options.to, "--to");
  const progress = createProgress();
  await withStore(from, (source) =>
    withStore(
      to,
      async (target) => {
        const report = await copyRuns(source, target, ({ runs, allRuns, values, allValues }) => {
          progress.update(
            {
              en: `run ${runs + 1}/${allRuns}: ${formatCount(values)} of ${formatCount(allValues)} values`,
              zh: `运行 ${runs + 1}/${allRuns}：数值 ${formatCount(values)}/${formatCount(allValues)}`,
            },
            values / allValues,
          );
        });
        progress.finish();
        if (options.json) return printStoreJson({ from: source.description, to: target.description, ...report });
        const [values, written] = [formatCount(report.values), formatCount(report.written)];
        print({
          en: `Copied ${counted(report.runs, "run")} with ${counted(report.values, "value")}, ${written} of them new; read back and verified.`,
          zh: `已复制 ${report.runs} 次运行，共 ${values} 个数值，其中 ${written} 个是新的；已读回核对。`,
        });
        print(`SHA-256: ${report.sha256}`);
        say(formatDuration((performance.now() - start) / 1000));
      },
      { creates: true },
    ),
  );
}

interface ExportOptions {
  readonly store?: string;
  readonly csv?: boolean;
  readonly json?: boolean;
  readonly out?: string;
}

async function exportRuns(ids: readonly string[], options: ExportOptions): Promise<void> {
  if (options.csv === options.json) throw new OptionError("--csv, --json", "give one of them");
  const place = storePlace(options.store);
  if (options.out !== undefined) await requireNoInput([options.out], "--out", place.files);
  await withStore(place, async (store) => {
    const runs = ids.length === 0 ? (await listReadable(store)).runs : await findRuns(store, ids);
    const pieces = options.csv ? exportCsv(store, runs) : exportJson(store, runs);
    if (options.out !== undefined) {
      await writeFileAtomically(options.out, pieces);
      return say({ en: `${counted(runs.length, "run")}: ${options.out}`, zh: `${runs.length} 次运行：${options.out}` });
    }
    for await (const piece of pieces) {
      if (!process.stdout.write(piece)) await new Promise((resolve) => process.stdout.once("drain", resolve));
    }
  });
}

/** `residua runs`: shows what has been trained, and moves it between databases. */
export function registerRuns(program: Command): void {
  const runs = program.command("runs");
  const add = (name: string, description: string, example: string): Command =>
    runs.command(name).description(description).addHelpText("after", `\nExample:\n  $ residua runs ${example}`);
  const addStored = (name: string, description: string, example: string): Command =>
    add(name, description, example).addOption(sharedOptions.store());

  addStored("list", "list runs, latest first", "list --status done --tag paper")
    .addOption(new Option("--status <status>", "only runs with this status").choices([...runStatuses]))
    .addOption(new Option("--tag <tag>", "only runs with this tag"))
    .addOption(new Option("--command <name>", "only runs of this command, such as train"))
    .addOption(new Option("--limit <n>", "the latest n").argParser(wholeNumber(1)))
    .addOption(sharedOptions.json())
    .action(list);
  addStored("show", "show everything about a run", "show 3f9a")
    .argument("<id>", "the run's id or its beginning")
    .addOption(sharedOptions.json())
    .action(show);
  addStored("tree", "show which run resumed which", "tree 3f9a --svg runs.svg")
    .argument("[id]", "a run of the tree, by its id or its beginning; all trees if left out")
    .addOption(drawingOption("also draw it into a file (.png too)"))
    .addOption(sharedOptions.json())
    .action(showTree);
  addStored("compare", "show runs side by side: what differs, and their results", "compare 3f9a 81c0")
    .argument("<id...>", "ids or their beginnings")
    .addOption(sharedOptions.json())
    .action(compare);
  addStored("rm", "remove runs, with their values and kept files", "rm 3f9a")
    .argument("<id...>", "ids or their beginnings")
    .addOption(new Option("--force", "remove it even if it is running"))
    .addOption(sharedOptions.json())
    .action(remove);
  addStored("tag", "add tags to a run, or remove them", "tag 3f9a paper figure-3")
    .argument("<id>", "the run's id or its beginning")
    .argument("<tag...>", "tags")
    .addOption(new Option("--remove", "remove the tags"))
    .addOption(sharedOptions.json())
    .action(changeRunTags);
  add("copy", "copy all runs into another store; resumes after an interruption", "copy --to postgres://me@db/lab")
    .addOption(new Option("--from <url|path>", "the store to copy from (default: RESIDUA_STORE, or .residua/runs.db)"))
    .addOption(new Option("--to <url|path>", "the store to copy to").makeOptionMandatory())
    .addOption(sharedOptions.json())
    .action(copy);
  addStored("export", "export the values of all metrics as CSV, or whole runs as JSON", "export --csv --out runs.csv")
    .argument("[id...]", "ids or their beginnings; all runs if left out")
    .addOption(new Option("--csv", "one value per line"))
    .addOption(new Option("--json", "one JSON document"))
    .addOption(new OutputFileOption("--out <file>", "where to write (default: standard output)"))
    .action(exportRuns);
}
