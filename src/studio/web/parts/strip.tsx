import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { say } from "../language.ts";

/** Powers of ten at the two ends of the colours. */
const stripScale = { low: -3, high: 1 } as const;

function shareOf(norm: number): number {
  const { low, high } = stripScale;
  const place = (Math.log10(Math.max(norm, Number.MIN_VALUE)) - low) / (high - low);
  return Math.min(1, Math.max(0, place));
}

const show = (norm: number): string => norm.toPrecision(2);

/** What a cell of the strip stands for. */
const cellWords = {
  block: { en: "block", zh: "块" },
  layer: { en: "layer", zh: "层" },
} as const;

/** One cell per block, from the input to the output, coloured by the norm of its gradient on a logarithmic scale. */
export function Strip(props: {
  readonly norms: readonly number[];
  readonly count: number;
  /** Blocks if left out. */
  readonly cell?: keyof typeof cellWords;
}): JSX.Element {
  const { norms, count, cell = "block" } = props;
  const cells = norms.length === 0 ? Array.from({ length: count }, () => undefined) : norms;
  const [first, last] = [norms[0], norms.at(-1)];
  const label =
    first === undefined || last === undefined
      ? say({ en: "No gradients yet", zh: "还没有梯度" })
      : say({
          en: `Gradient norm: ${show(first)} in the first ${cellWords[cell].en}, ${show(last)} in the last`,
          zh: `梯度范数：第一个${cellWords[cell].zh} ${show(first)}，最后一个${cellWords[cell].zh} ${show(last)}`,
        });
  return (
    <div class="strip" role="img" aria-label={label} title={label}>
      {cells.map((norm, index) => (
        <i
          key={index}
          style={
            norm === undefined
              ? {}
              : { background: `color-mix(in oklab, var(--strong) ${Math.round(100 * shareOf(norm))}%, var(--weak))` }
          }
        />
      ))}
    </div>
  );
}

/** What the colours of strips stand for. */
export function StripLegend({ words }: { readonly words: Words }): JSX.Element {
  const [low, high] = [stripScale.low, stripScale.high].map((power) => 10 ** power);
  return (
    <p class="quiet legend">
      {say(words)} {low}
      <i class="scale" aria-hidden="true" />
      {high}
    </p>
  );
}
