import stringWidth from "string-width";
import { type ComparedLine, findDifferences, flatten } from "../files/differences.ts";
import type { ArtifactRow } from "../store/schema.ts";
import type { Run } from "../store/run.ts";
import type { TaskNotes } from "../networks/card.ts";
import { measuresOf } from "../tasks/find-task.ts";
import type { Measure } from "../train/measure.ts";
import { type Column, formatCount, formatDuration, formatTable, toLine } from "./output.ts";
import { joinWords, phrase, type Words } from "../report/words.ts";
import { heads } from "./lang/heads.ts";
import { statusWords } from "./lang/statuses.ts";
import { spoken, spokenMessage } from "./lang/language.ts";

/** Three or four significant digits. */
const figure = (value: number | undefined): string =>
  value === undefined ? "-" : Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value);

/** 2026-03-01 14:05, in the machine's time. */
function formatTime(text: string): string {
  const date = new Date(text);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function duration({ startedAt, heartbeatAt, endedAt }: Run): string {
  return formatDuration((Date.parse(endedAt ?? heartbeatAt) - Date.parse(startedAt)) / 1000);
}

const columns: readonly Column<Run>[] = [
  { title: "id", value: ({ id }) => id.slice(0, 8) },
  { title: { en: "started", zh: "开始" }, value: ({ startedAt }) => formatTime(startedAt) },
  { title: { en: "took", zh: "用时" }, value: duration, align: "right" },
  { title: { en: "command", zh: "命令" }, value: ({ command }) => command },
  { title: heads.name, value: ({ name }) => name },
  { title: heads.status, value: ({ status }) => statusWords[status] },
  { title: heads.steps, value: ({ steps }) => formatCount(steps), align: "right" },
  { title: heads.loss, value: ({ summary }) => figure(summary["loss"]?.last), align: "right" },
  { title: { en: "validation", zh: "验证" }, value: (run) => describeMain(run, "validation") ?? "-", align: "right" },
  { title: { en: "test", zh: "测试" }, value: (run) => describeMain(run, "test") ?? "-", align: "right" },
  { title: { en: "tags", zh: "标签" }, value: ({ tags }) => tags.join(", ") },
];

/** The main measure of a run's task; undefined if the task is not known here. */
function mainMeasureOf({ id, config }: Run): Measure | undefined {
  const { network } = (config ?? {}) as { readonly network?: { readonly task?: TaskNotes } };
  try {
    return measuresOf(network?.task, id)[0];
  } catch {
    return undefined;
  }
}

/** The task's main measure of a part by its name: the best of the epochs, or that of the test. */
function describeMain(run: Run, part: "validation" | "test"): string | undefined {
  const { summary } = run;
  const main = mainMeasureOf(run);
  // Of a task that is not known, whatever it was measured by.
  const isMeasure = (metric: string): boolean => metric.startsWith(`${part}/`) && metric !== `${part}/loss`;
  const metric = main === undefined ? Object.keys(summary).find(isMeasure) : `${part}/${main.name}`;
  const found = metric === undefined ? undefined : summary[metric];
  if (metric === undefined || found === undefined) return undefined;
  const best = main === undefined ? found.last : main.better === "higher" ? found.greatest : found.least;
  return spoken(
    phrase(main?.words ?? metric.slice(part.length + 1), ` ${figure(part === "test" ? found.last : best)}`),
  );
}

/** A run in a few words. */
export function describeRun(run: Run): string {
  const { id, name, status, steps } = run;
  const [validation, test] = [describeMain(run, "validation"), describeMain(run, "test")];
  return spoken(
    joinWords([
      `${id.slice(0, 8)} ${name}`,
      statusWords[status],
      { en: `${formatCount(steps)} steps`, zh: `${formatCount(steps)} 步` },
      ...(validation === undefined ? [] : [{ en: `validation: ${validation}`, zh: `验证：${validation}` }]),
      ...(test === undefined ? [] : [{ en: `test: ${test}`, zh: `测试：${test}` }]),
    ]),
  );
}

/** Runs as a table. */
export function formatRunList(runs: readonly Run[]): string {
  return formatTable(columns, runs);
}

/** Everything about a run. @param kept where the content of a hash is kept on this machine */
export function formatRun(run: Run, artifacts: readonly ArtifactRow[], kept: (sha256: string) => string): string {
  const { status, reason, startedAt, host } = run;
  const state = statusWords[status];
  const rows: readonly ShownLine[] = [
    ["id", run.id],
    [heads.name, run.name],
    [{ en: "command", zh: "命令" }, run.command],
    [heads.status, reason === null ? state : phrase(state, { en: `: ${reason}`, zh: `：${spokenMessage(reason)}` })],
    [
      { en: "started", zh: "开始" },
      {
        en: `${startedAt} on ${host}, took ${duration(run)}`,
        zh: `${startedAt}，在 ${host} 上，用时 ${duration(run)}`,
      },
    ],
    [heads.steps, formatCount(run.steps)],
    [{ en: "tags", zh: "标签" }, run.tags.join(", ") || "-"],
    [{ en: "resumes", zh: "接续" }, run.parentId ?? "-"],
    [{ en: "folder", zh: "文件夹" }, run.folder ?? "-"],
    ...section({ en: "configuration", zh: "配置" }, [
      [{ en: "hash", zh: "哈希" }, run.configHash],
      ...Object.entries(flatten(run.config)),
    ]),
    ...section({ en: "code", zh: "代码" }, Object.entries(flatten(run.code))),
    ...section({ en: "environment", zh: "环境" }, Object.entries(flatten(run.environment))),
    ...section({ en: "result", zh: "结果" }, Object.entries(flatten(run.result))),
  ];
  const lines = rows.map(([title, value]) => [spoken(title), spoken(value)] as const);
  const width = Math.max(...lines.map(([title]) => stringWidth(title)));
  const pad = (title: string): string => " ".repeat(width - stringWidth(title));
  const text = lines.map(([title, value]) => toLine(`${title}${pad(title)}  ${value}`.trimEnd())).join("\n");
  return [text, formatMetrics(run), formatArtifacts(artifacts, kept)].filter((part) => part !== "").join("\n\n");
}

type ShownLine = readonly [title: Words, value: Words];

/** Lines under a heading; names of recorded fields are the same in every language. */
function section(title: Words, values: readonly ShownLine[]): readonly ShownLine[] {
  return [["", ""], [title, ""], ...values.map(([name, value]) => [phrase("  ", name), value] as const)];
}

function formatMetrics({ summary }: Run): string {
  const rows = Object.entries(summary).map(([name, values]) => ({ name, ...values }));
  if (rows.length === 0) return "";
  type Row = (typeof rows)[number];
  const numbers: readonly Column<Row>[] = [
    { title: { en: "metric", zh: "指标" }, value: ({ name }) => name },
    { title: { en: "values", zh: "数值个数" }, value: ({ count }) => formatCount(count), align: "right" },
    { title: { en: "last", zh: "末值" }, value: ({ last }) => figure(last), align: "right" },
    { title: { en: "least", zh: "最小" }, value: ({ least }) => figure(least), align: "right" },
    { title: { en: "greatest", zh: "最大" }, value: ({ greatest }) => figure(greatest), align: "right" },
  ];
  return formatTable(numbers, rows);
}

function formatArtifacts(artifacts: readonly ArtifactRow[], kept: (sha256: string) => string): string {
  if (artifacts.length === 0) return "";
  const files: readonly Column<ArtifactRow>[] = [
    { title: heads.file, value: ({ name }) => name },
    { title: heads.step, value: ({ step }) => (step === null ? "-" : formatCount(step)), align: "right" },
    { title: { en: "bytes", zh: "字节" }, value: ({ bytes }) => formatCount(bytes), align: "right" },
    { title: "SHA-256", value: ({ sha256 }) => sha256 },
  ];
  const latest = artifacts.reduce((a, b) => (b.created_at > a.created_at ? b : a));
  return `${formatTable(files, artifacts)}\n${spoken({ en: "Kept files are named by their hash, such as", zh: "保存的文件以其哈希命名，如" })} ${toLine(kept(latest.sha256))}`;
}

/** The columns of runs side by side. */
export function comparedColumns(runs: readonly Run[]): readonly Column<ComparedLine>[] {
  const known: Readonly<Record<string, Words>> = { status: heads.status, steps: heads.steps };
  return [
    { title: "", value: ({ name }) => known[name] ?? name },
    ...runs.map(({ id, name, status }, index) => ({
      title: `${id.slice(0, 8)} ${name}`,
      value: (row: ComparedLine): Words => (row.name === "status" ? statusWords[status] : row.values[index]),
    })),
  ];
}

/** Runs side by side: the parts of configuration, code and environment that differ, and every metric's last value. */
export function compareRuns(runs: readonly Run[]): {
  readonly differences: readonly ComparedLine[];
  readonly metrics: readonly ComparedLine[];
} {
  const metricNames = [...new Set(runs.flatMap(({ summary }) => Object.keys(summary)))].toSorted();
  return {
    differences: findDifferences(runs.map(({ config, code, environment }) => ({ config, code, environment }))),
    metrics: [
      { name: "status", values: runs.map(({ status }) => status) },
      { name: "steps", values: runs.map(({ steps }) => formatCount(steps)) },
      ...metricNames.map((name) => ({ name, values: runs.map(({ summary }) => figure(summary[name]?.last)) })),
    ],
  };
}
