import type { JSX } from "preact";
import { inLanguage, type Words } from "../../../report/words.ts";
import { say } from "../language.ts";
import { formatCost, Kind, Way } from "./chain.tsx";
import type { Side } from "./chosen.ts";
import type { Comparison, Difference, NetworkView, SignatureView, ViewPair, ViewRow } from "./describe-job.ts";
import { Signature } from "./signature-card.tsx";

const letters: { readonly [Each in Side]: string } = { first: "A", second: "B" };

/** Which of the two networks something belongs to. */
function Letter({ side }: { readonly side: Side }): JSX.Element {
  return <b class={`letter ${side}`}>{letters[side]}</b>;
}

const differenceWords: { readonly [Name in Difference]: Words } = {
  shortcut: { en: "shortcut", zh: "快捷连接" },
  layers: { en: "layers", zh: "层" },
  width: { en: "width", zh: "宽度" },
  extent: { en: "height and width", zh: "高和宽" },
  parameters: { en: "parameters", zh: "参数" },
  multiplyAdds: { en: "multiply-adds", zh: "乘加" },
};

type Standing = "same" | "differs" | Side;

function standingOf({ first, second, differences }: ViewPair): Standing {
  if (second === undefined) return "first";
  if (first === undefined) return "second";
  return differences.length === 0 ? "same" : "differs";
}

function describeStanding(pair: ViewPair): Words {
  const standing = standingOf(pair);
  if (standing === "same") return { en: "alike", zh: "相同" };
  if (standing !== "differs") return { en: `only in ${letters[standing]}`, zh: `仅在 ${letters[standing]} 中` };
  const names = pair.differences.map((name) => differenceWords[name]);
  return {
    en: `differ: ${names.map((words) => inLanguage(words, "en")).join(", ")}`,
    zh: `不同：${names.map((words) => inLanguage(words, "zh")).join("、")}`,
  };
}

/** "0.12"; "0" only if nothing moved. */
const formatMoved = (moved: number): string => {
  if (!Number.isFinite(moved)) return "∞";
  return String(Number(moved.toPrecision(2)));
};

/** A figure of both networks: once where it is the same, or only one has it. */
function Both(props: { readonly first: string | undefined; readonly second: string | undefined }): JSX.Element {
  const { first, second } = props;
  if (first === undefined || second === undefined || first === second)
    return <span class="cost">{first ?? second}</span>;
  return (
    <span class="cost">
      {first} → <b>{second}</b>
    </span>
  );
}

function Half({ side, row }: { readonly side: Side; readonly row: ViewRow | undefined }): JSX.Element {
  return (
    <span class={`half ${side}`}>
      <Letter side={side} />
      {row === undefined ? (
        <span class="quiet">{say({ en: "has no such place", zh: "没有此位置" })}</span>
      ) : (
        <span class="content">
          <Way row={row} />
          <span class="gives quiet">{row.shape}</span>
        </span>
      )}
    </span>
  );
}

/** What the two networks have in one place: drawn once where they are alike. */
function Pair({ pair, hasMoved }: { readonly pair: ViewPair; readonly hasMoved: boolean }): JSX.Element {
  const { label, first, second, moved } = pair;
  const standing = standingOf(pair);
  const costOf = (row: ViewRow | undefined, what: "parameters" | "multiplyAdds"): string | undefined =>
    row === undefined ? undefined : formatCost(row[what]);
  return (
    <li class={`row ${standing}`}>
      <span class="place" title={label}>
        {label}
      </span>
      <span class="standing">{say(describeStanding(pair))}</span>
      {standing === "same" ? (
        <span class="half both">
          <span class="content">
            <Way row={first!} />
            <span class="gives quiet">{first!.shape}</span>
          </span>
        </span>
      ) : (
        <>
          <Half side="first" row={first} />
          <Half side="second" row={second} />
        </>
      )}
      <Both first={costOf(first, "parameters")} second={costOf(second, "parameters")} />
      <Both first={costOf(first, "multiplyAdds")} second={costOf(second, "multiplyAdds")} />
      {hasMoved && <span class="cost moved">{moved === undefined ? "–" : formatMoved(moved)}</span>}
    </li>
  );
}

const parentOf = ({ label }: ViewPair): string => label.split(".").slice(0, -1).join(".");

/** What places one after the other are folded by: the stage, and how they differ. */
const groupOf = (pair: ViewPair): string =>
  JSON.stringify([parentOf(pair), (pair.first ?? pair.second)?.skip === undefined, standingOf(pair), pair.differences]);

function groupPairs(pairs: readonly ViewPair[]): readonly (readonly ViewPair[])[] {
  const groups: ViewPair[][] = [];
  for (const pair of pairs) {
    const last = groups.at(-1);
    if (last !== undefined && parentOf(pair) !== "" && groupOf(last[0]) === groupOf(pair)) last.push(pair);
    else groups.push([pair]);
  }
  return groups;
}

const sumOf = (rows: readonly (ViewRow | undefined)[], what: "parameters" | "multiplyAdds"): string | undefined => {
  const own = rows.filter((row) => row !== undefined);
  if (own.length === 0) return undefined;
  const costs = own.map((row) => row[what]);
  return formatCost(costs.includes(undefined) ? undefined : costs.reduce<number>((sum, cost) => sum + cost!, 0));
};

const rangeOf = (pairs: readonly ViewPair[]): string => {
  const known = pairs.flatMap(({ moved }) => moved ?? []);
  if (known.length === 0) return "–";
  const [low, high] = [Math.min(...known), Math.max(...known)].map(formatMoved);
  return low === high ? low : `${low} – ${high}`;
};

function Group({ pairs, hasMoved }: { readonly pairs: readonly ViewPair[]; readonly hasMoved: boolean }): JSX.Element {
  const [sample] = pairs;
  const count = pairs.length;
  const isBlocks = (sample.first ?? sample.second)?.skip !== undefined;
  const [firsts, seconds] = [pairs.map(({ first }) => first), pairs.map(({ second }) => second)];
  return (
    <li class={`stage ${standingOf(sample)}`}>
      <details>
        <summary class={`row ${standingOf(sample)}`}>
          <span class="place">{parentOf(sample)}</span>
          <span class="standing">{say(describeStanding(sample))}</span>
          <span class="half both">
            <b>
              {isBlocks
                ? say({ en: `${count} blocks`, zh: `${count} 个块` })
                : say({ en: `${count} layers`, zh: `${count} 层` })}
            </b>
          </span>
          <Both first={sumOf(firsts, "parameters")} second={sumOf(seconds, "parameters")} />
          <Both first={sumOf(firsts, "multiplyAdds")} second={sumOf(seconds, "multiplyAdds")} />
          {hasMoved && <span class="cost moved">{rangeOf(pairs)}</span>}
        </summary>
        <ol>
          {pairs.map((pair, at) => (
            <Pair key={at} pair={pair} hasMoved={hasMoved} />
          ))}
        </ol>
      </details>
    </li>
  );
}

function Chains({ pairs, hasMoved }: { readonly pairs: readonly ViewPair[]; readonly hasMoved: boolean }): JSX.Element {
  return (
    <div
      class="scroll"
      tabIndex={0}
      role="group"
      aria-label={say({ en: "The two chains, place by place", zh: "两条链，逐位置对照" })}
    >
      <div class={hasMoved ? "chain pairs with-moved" : "chain pairs"}>
        <div class="row head">
          <span class="place">{say({ en: "place", zh: "位置" })}</span>
          <span class="standing" />
          <span class="half both">{say({ en: "layers and shortcuts", zh: "层与快捷连接" })}</span>
          <span class="cost">{say({ en: "parameters", zh: "参数" })}</span>
          <span class="cost">{say({ en: "multiply-adds", zh: "乘加" })}</span>
          {hasMoved && <span class="cost moved">{say({ en: "weights moved", zh: "权重移动" })}</span>}
        </div>
        <ol>
          {groupPairs(pairs).map((group, at) =>
            group.length === 1 ? (
              <Pair key={at} pair={group[0]} hasMoved={hasMoved} />
            ) : (
              <Group key={at} pairs={group} hasMoved={hasMoved} />
            ),
          )}
        </ol>
      </div>
    </div>
  );
}

const rowsOf = ({ stages }: NetworkView): readonly ViewRow[] => stages.flatMap(({ rows }) => rows);
const blocksOf = (view: NetworkView): readonly ViewRow[] => rowsOf(view).filter(({ skip }) => skip !== undefined);

/** The widths that blocks give, or layers where there are no blocks, in their order. */
function widthsOf(view: NetworkView): string {
  const blocks = blocksOf(view);
  // What has no extents is no map: the scores at the end.
  const maps = (blocks.length > 0 ? blocks : rowsOf(view)).filter(({ shape }) => shape.includes("×"));
  return [...new Set(maps.map(({ shape }) => shape.split("×")[0]))].join(", ");
}

function Kinds({ view: { kinds } }: { readonly view: NetworkView }): JSX.Element {
  return (
    <span class="kinds">
      {kinds.length === 0
        ? say({ en: "none", zh: "无" })
        : kinds.map((kind) => (
            <span key={say(kind.name)} class="counted">
              {kind.count} × <Kind skip={kind} />
            </span>
          ))}
    </span>
  );
}

const times = (first: number | undefined, second: number | undefined): string =>
  first === undefined || second === undefined || first === 0 || second === 0
    ? ""
    : `× ${Number((second / first).toPrecision(3))}`;

interface Line {
  readonly term: Words;
  readonly first: JSX.Element | string;
  readonly second: JSX.Element | string;
  readonly ratio?: string;
  readonly isSame: boolean;
}

/** The fact that explains a shortcut; two kinds are told apart without it. */
const explanation = "That is";

/** What the two are as wholes, line by line: figures always, facts of files and graphs where they differ. */
function linesOf(first: NetworkView, second: NetworkView): readonly Line[] {
  const figure = (term: Words, a: number | undefined, b: number | undefined, show = formatCost): Line => ({
    term,
    first: show(a),
    second: show(b),
    ratio: a === b ? "" : times(a, b),
    isSame: a === b,
  });
  const text = (term: Words, a: string, b: string): Line => ({ term, first: a, second: b, isSame: a === b });
  const told = [...first.facts, ...second.facts].filter(({ term }) => inLanguage(term, "en") !== explanation);
  const terms = new Map(told.map(({ term }) => [inLanguage(term, "en"), term]));
  const factOf = ({ facts }: NetworkView, name: string): string => {
    const found = facts.find(({ term }) => inLanguage(term, "en") === name);
    return found === undefined ? "–" : say(found.text);
  };
  const kindsOf = ({ kinds }: NetworkView): string => JSON.stringify(kinds);
  return [
    figure({ en: "Parameters", zh: "参数" }, first.parameters, second.parameters),
    figure({ en: "Multiply-adds", zh: "乘加" }, first.multiplyAdds, second.multiplyAdds),
    figure(
      { en: "Blocks with a shortcut", zh: "带快捷连接的块" },
      blocksOf(first).length,
      blocksOf(second).length,
      String,
    ),
    text({ en: "Widths", zh: "宽度" }, widthsOf(first), widthsOf(second)),
    {
      term: { en: "Shortcuts", zh: "快捷连接" },
      first: <Kinds view={first} />,
      second: <Kinds view={second} />,
      isSame: kindsOf(first) === kindsOf(second),
    },
    ...[...terms]
      .map(([name, term]) => text(term, factOf(first, name), factOf(second, name)))
      .filter((line) => !line.isSame),
  ];
}

function Wholes({ first, second }: { readonly first: NetworkView; readonly second: NetworkView }): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={say({ en: "The two networks", zh: "两个网络" })}>
      <table class="wholes">
        <thead>
          <tr>
            <td />
            <th scope="col">
              <Letter side="first" /> {first.name}
            </th>
            <th scope="col">
              <Letter side="second" /> {second.name}
            </th>
            <th scope="col">{say({ en: "B / A", zh: "B / A" })}</th>
          </tr>
        </thead>
        <tbody>
          {linesOf(first, second).map(({ term, first: a, second: b, ratio = "", isSame }, at) => (
            <tr key={at} class={isSame ? "same" : "differs"}>
              <th scope="row">{say(term)}</th>
              <td>{a}</td>
              <td>{b}</td>
              <td>{isSame ? say({ en: "the same", zh: "相同" }) : ratio}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function describeAlignment({ by, pairs }: Comparison): Words {
  if (by === "nothing")
    return {
      en: "Their places cannot be aligned: neither the names nor the layers of half of the shorter chain are found in the other, in order. They are compared as wholes only.",
      zh: "无法对齐两条链的位置：较短链中有一半以上的位置，其名称和层都不能按顺序在另一条链中找到。因此只作整体比较。",
    };
  const both = pairs.filter(({ first, second }) => first !== undefined && second !== undefined);
  const alike = both.filter(({ differences }) => differences.length === 0).length;
  const only = (side: Side): number => pairs.filter((pair) => standingOf(pair) === side).length;
  const found: Words =
    by === "names"
      ? { en: "Places are matched by their names.", zh: "位置按名称对应。" }
      : {
          en: "Names do not tell which places are the same; they are matched by their layers, in order, which is a guess.",
          zh: "名称无法说明哪些位置相同；位置按层的种类和顺序对应，这只是推测。",
        };
  return {
    en: `${inLanguage(found, "en")} Of ${both.length} places that both have, ${alike} are alike and ${both.length - alike} differ; ${only("first")} are only in A, ${only("second")} only in B.`,
    zh: `${inLanguage(found, "zh")}两者共有 ${both.length} 个位置，其中 ${alike} 个相同，${both.length - alike} 个不同；仅在 A 中的有 ${only("first")} 个，仅在 B 中的有 ${only("second")} 个。`,
  };
}

function describeMoved(moved: Comparison["moved"]): Words {
  if ("why" in moved) return moved.why;
  if (moved.whole === 0)
    return {
      en: "All weights that can be compared are equal.",
      zh: "所有可比较的权重都相等。",
    };
  const far = formatMoved(moved.whole);
  const folded = moved.isFolded
    ? {
        en: " Batch norms are folded into the convolutions, so both moved together.",
        zh: "批归一化已并入卷积，因此两者合在一起计算。",
      }
    : { en: "", zh: "" };
  return {
    en: `B's weights lie ${far} times A's norm away: ‖B − A‖ / ‖A‖, over all weights of the same shapes; running statistics do not count. Two networks that were begun independently lie about 1.4 apart.${folded.en}`,
    zh: `B 的权重与 A 的距离为 A 的范数的 ${far} 倍：‖B − A‖ / ‖A‖，统计所有形状相同的权重，不含滑动统计量。各自独立初始化的两个网络相距约 1.4。${folded.zh}`,
  };
}

interface TwoNetworksProps {
  readonly first: NetworkView;
  /** Of the first's file; undefined for a network by its name. */
  readonly signature: SignatureView | undefined;
  readonly comparison: Comparison;
}

/** Who signed each of the two files; a network by its name is none. */
function Signatures({ first, signature, comparison }: TwoNetworksProps): JSX.Element | null {
  const { second, signature: other } = comparison;
  const signed = [
    { side: "first", name: first.name, found: signature },
    { side: "second", name: second.name, found: other },
  ] as const;
  if (signed.every(({ found }) => found === undefined)) return null;
  return (
    <div class="signatures">
      {signed.map(
        ({ side, name, found }) =>
          found !== undefined && (
            <Signature
              key={side}
              side={side}
              signature={found}
              heading={
                <>
                  {say({ en: "Signature of", zh: "签名：" })} <Letter side={side} /> {name}
                </>
              }
            />
          ),
      )}
    </div>
  );
}

/** Two networks beside each other: as wholes, then place by place, with what differs marked. */
export function TwoNetworks(props: TwoNetworksProps): JSX.Element {
  const { first, comparison } = props;
  const { second, by, pairs, moved } = comparison;
  return (
    <section class="comparison">
      <h2>{say({ en: `${first.name} and ${second.name}`, zh: `${first.name} 与 ${second.name}` })}</h2>
      <Wholes first={first} second={second} />
      <Signatures {...props} />
      <p>{say(describeAlignment(comparison))}</p>
      {by !== "nothing" && (
        <>
          <p class="quiet">{say(describeMoved(moved))}</p>
          <Chains pairs={pairs} hasMoved={!("why" in moved)} />
        </>
      )}
    </section>
  );
}
