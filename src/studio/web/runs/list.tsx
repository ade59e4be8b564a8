import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import type { ListedRun, RunStatus } from "../../runs/read-export.ts";
import { language, say } from "../language.ts";
import { changeView, choose, mostCompared, type RunsState } from "./state.ts";
import { measureOf, pageSize, type SortKey } from "./view.ts";

const statusWords: Readonly<Record<RunStatus, Words>> = {
  running: { en: "running", zh: "运行中" },
  done: { en: "done", zh: "完成" },
  stopped: { en: "stopped", zh: "已停止" },
  diverged: { en: "diverged", zh: "发散" },
  crashed: { en: "crashed", zh: "崩溃" },
};

const heads: readonly (readonly [key: SortKey, title: Words])[] = [
  ["started", { en: "started", zh: "开始" }],
  ["took", { en: "took", zh: "用时" }],
  ["name", { en: "name", zh: "名称" }],
  ["status", { en: "status", zh: "状态" }],
  ["steps", { en: "steps", zh: "步数" }],
  ["loss", { en: "loss", zh: "损失" }],
  ["validation", { en: "validation", zh: "验证" }],
  ["test", { en: "test", zh: "测试" }],
];

/** Four significant digits; a dash for what there is none of. */
export function formatFigure(value: number | undefined): string {
  if (value === undefined) return "–";
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value);
}

function formatSeconds(seconds: number | undefined): string {
  if (seconds === undefined) return "–";
  const unit = (value: number, name: string): string => `${Number(value.toPrecision(2))} ${name}`;
  if (seconds < 100) return unit(seconds, "s");
  return seconds < 6000 ? unit(seconds / 60, "min") : unit(seconds / 3600, "h");
}

/** Made once a language: a format takes longer to make than to use. */
const dateFormats = {
  en: new Intl.DateTimeFormat("en-GB", { dateStyle: "short", timeStyle: "short" }),
  zh: new Intl.DateTimeFormat("zh-CN", { dateStyle: "short", timeStyle: "short" }),
} as const;

function formatDate(text: string | undefined): string {
  return text === undefined ? "–" : dateFormats[language.value].format(new Date(text));
}

function Measured({ run, part }: { readonly run: ListedRun; readonly part: "validation" | "test" }): JSX.Element {
  const found = measureOf(run, part);
  if (found === undefined) return <td class="right">–</td>;
  const [name, value] = found;
  return (
    <td class="right">
      <span class="quiet">{name}</span> {formatFigure(value)}
    </td>
  );
}

function Row({ run, place }: { readonly run: ListedRun; readonly place: number }): JSX.Element {
  const { id, name, startedAt, seconds, status, steps, last, tags, reason } = run;
  const isChosen = place >= 0;
  return (
    <tr class={isChosen ? "chosen" : ""}>
      <td>
        <input
          type="checkbox"
          checked={isChosen}
          aria-label={say({ en: `Compare ${id.slice(0, 8)} ${name}`, zh: `比较 ${id.slice(0, 8)} ${name}` })}
          onChange={() => choose(id)}
        />
      </td>
      <td>{formatDate(startedAt)}</td>
      <td class="right">{formatSeconds(seconds)}</td>
      <th scope="row">
        <span class="quiet">{id.slice(0, 8)}</span> {name}
      </th>
      <td title={reason}>{status === undefined ? "–" : say(statusWords[status])}</td>
      <td class="right">{steps}</td>
      <td class="right">{formatFigure(last["loss"])}</td>
      <Measured run={run} part="validation" />
      <Measured run={run} part="test" />
      <td>
        {tags.map((tag) => (
          <span key={tag} class="tag">
            {tag}
          </span>
        ))}
      </td>
    </tr>
  );
}

function Filters({ state: { view } }: { readonly state: RunsState }): JSX.Element {
  return (
    <div class="settings">
      <label>
        {say({ en: "Filter", zh: "筛选" })}
        <input
          type="text"
          name="filter"
          value={view.filter}
          spellcheck={false}
          placeholder={say({ en: "name, id, tag, machine", zh: "名称、编号、标签、机器" })}
          onInput={({ currentTarget }) => changeView({ filter: currentTarget.value })}
        />
      </label>
      <label>
        {say({ en: "Status", zh: "状态" })}
        <select
          value={view.status}
          onChange={({ currentTarget }) => changeView({ status: currentTarget.value as RunStatus | "" })}
        >
          <option value="">{say({ en: "any", zh: "任意" })}</option>
          {Object.entries(statusWords).map(([status, words]) => (
            <option key={status} value={status}>
              {say(words)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function Pages({ page, count }: { readonly page: number; readonly count: number }): JSX.Element {
  const last = Math.max(0, Math.ceil(count / pageSize) - 1);
  const [from, to] = [page * pageSize + 1, Math.min(count, (page + 1) * pageSize)];
  const range = count === 0 ? "0" : `${from}–${to}`;
  return (
    <p class="controls pages">
      <span role="status">{say({ en: `${range} of ${count} runs`, zh: `共 ${count} 个运行，第 ${range} 个` })}</span>
      <button type="button" disabled={page === 0} onClick={() => changeView({ page: page - 1 })}>
        {say({ en: "Previous", zh: "上一页" })}
      </button>
      <button type="button" disabled={page >= last} onClick={() => changeView({ page: page + 1 })}>
        {say({ en: "Next", zh: "下一页" })}
      </button>
    </p>
  );
}

/** All runs of the file: filtered, sorted, a hundred at a time. */
export function RunList({ state }: { readonly state: RunsState }): JSX.Element | null {
  const { chosen, listing } = state;
  if (listing === undefined) return null;
  // The order is that of the rows that are shown, which follow what is wished for.
  const { sort, isRising, page } = listing.view;
  const ids = chosen.map(({ id }) => id);
  const label = say({ en: "Runs", zh: "运行" });
  return (
    <section class="panel">
      <Filters state={state} />
      <Pages page={page} count={listing.count} />
      <div class="scroll run-list" tabIndex={0} role="group" aria-label={label}>
        <table>
          <thead>
            <tr>
              <th scope="col">
                <span class="quiet">{say({ en: "compare", zh: "比较" })}</span>
              </th>
              {heads.map(([key, title]) => (
                <th key={key} scope="col" aria-sort={key !== sort ? "none" : isRising ? "ascending" : "descending"}>
                  <button
                    type="button"
                    onClick={() => changeView({ sort: key, isRising: key === sort ? !isRising : key === "name" })}
                  >
                    {say(title)}
                    {key === sort && (isRising ? " ▴" : " ▾")}
                  </button>
                </th>
              ))}
              <th scope="col">{say({ en: "tags", zh: "标签" })}</th>
            </tr>
          </thead>
          <tbody>
            {listing.runs.map((run) => (
              <Row key={run.id} run={run} place={ids.indexOf(run.id)} />
            ))}
          </tbody>
        </table>
      </div>
      {chosen.length === mostCompared && (
        <p class="quiet">
          {say({
            en: `${mostCompared} runs are compared, which is the most.`,
            zh: `正在比较 ${mostCompared} 个运行，已到上限。`,
          })}
        </p>
      )}
    </section>
  );
}
