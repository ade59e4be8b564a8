import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import type { Shape } from "../../../tensor/shape.ts";
import type { BlockFacts, LessonType } from "../../lessons/types.ts";
import { say } from "../language.ts";

/** The colours of the types, as in every figure of Residua. */
export const typeColors: { readonly [Type in LessonType]: string } = {
  plain: "--plain",
  pad: "--pad",
  project: "--project",
  "project-all": "--project-all",
};

/** What lies on the wire. */
const wireNames: Readonly<Record<string, Words>> = {
  none: { en: "no wire", zh: "没有线" },
  identity: { en: "x as it is", zh: "x 原样" },
  "padded identity": { en: "every other pixel, zeros added", zh: "隔点取样，补零" },
  projection: { en: "1×1 convolution", zh: "1×1 卷积" },
};

/** Writes a shape as channels × height × width. */
function shapeText(shape: Shape): string {
  return shape.join("×");
}

/** Edge lengths of a tensor's drawing: its face by height and width, its depth by channels. */
const extents = ([channels, height]: Shape): { readonly face: number; readonly deep: number } => ({
  face: 22 + 1.1 * height,
  deep: 8 + 0.75 * channels,
});

/** A tensor as a box whose front is the image and whose depth are the channels; `zeros` of the channels are empty. */
function Box(props: {
  readonly x: number;
  readonly middle: number;
  readonly shape: Shape;
  readonly zeros?: number;
}): JSX.Element {
  const { x, middle, shape, zeros = 0 } = props;
  const { face, deep } = extents(shape);
  const rise = deep * 0.5;
  const top = middle - face / 2 + rise / 2;
  const share = 1 - zeros / shape[0];
  const slab = (from: number, to: number, kind: string): JSX.Element => {
    const [x0, y0, x1, y1] = [x + deep * from, top - rise * from, x + deep * to, top - rise * to];
    return (
      <g class={kind}>
        <path d={`M${x0},${y0} L${x1},${y1} H${x1 + face} L${x0 + face},${y0} Z`} />
        <path d={`M${x0 + face},${y0} L${x1 + face},${y1} V${y1 + face} L${x0 + face},${y0 + face} Z`} />
        <rect x={x0} y={y0} width={face} height={face} />
      </g>
    );
  };
  return (
    <g class="tensor">
      {zeros > 0 && slab(share, 1, "zeros")}
      {slab(0, share, "full")}
      <text x={x + (face + deep) / 2} y={middle + face / 2 + rise / 2 + 20}>
        {shapeText(shape)}
      </text>
    </g>
  );
}

/** One block: x below, F through its middle, S along the wire above, and the sum. */
export function TypeDrawing({
  facts,
  title,
  type,
}: {
  readonly facts: BlockFacts;
  readonly title: Words;
  readonly type: LessonType;
}): JSX.Element {
  const { inputShape, outputShape, shortcut } = facts;
  const zeros = shortcut === "padded identity" ? outputShape[0] - inputShape[0] : 0;
  const name = say(wireNames[shortcut] ?? shortcut);
  const hasWire = shortcut !== "none";
  return (
    <div class="type-drawing" style={{ color: `var(${typeColors[type]})` }}>
      <p>{say(title)}</p>
      <svg
        viewBox="0 0 420 205"
        role="img"
        aria-label={say({
          en: `From ${shapeText(inputShape)} to ${shapeText(outputShape)}, on the wire: ${name}`,
          zh: `由 ${shapeText(inputShape)} 到 ${shapeText(outputShape)}，线上：${name}`,
        })}
      >
        <Box x={8} middle={135} shape={inputShape} />
        <path class="main" d="M104,148 H150 M214,148 H262" />
        <path class="head" d="M150,148 l-9,-5 v10 z M262,148 l-9,-5 v10 z" />
        <rect class="box" x="150" y="124" width="64" height="48" rx="8" />
        <text class="letter" x="182" y="156">
          F
        </text>
        {hasWire ? (
          <path class="wire on" d="M116,148 C116,64 122,48 182,48 S286,56 286,132" />
        ) : (
          <path class="wire" d="M116,148 C116,108 118,84 130,70" />
        )}
        <circle class="knot" cx="116" cy="148" r="4" />
        <rect class="tag" x="102" y="10" width="216" height="26" rx="13" />
        <text class="tag-text" x="210" y="28">
          {name}
        </text>
        <circle class={hasWire ? "plus on" : "plus"} cx="286" cy="148" r="14" />
        {hasWire && <path class="cross on" d="M279,148 h14 M286,141 v14" />}
        <path class="main" d="M300,148 H318" />
        <Box x={322} middle={135} shape={outputShape} zeros={zeros} />
      </svg>
    </div>
  );
}
