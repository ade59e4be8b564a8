import type { JSX } from "preact";
import { say } from "../language.ts";

/** Powers of ten at the two ends of the colours. */
export const stripScale = { low: -3, high: 1 } as const;

function shareOf(norm: number): number {
  const { low, high } = stripScale;
  const place = (Math.log10(Math.max(norm, Number.MIN_VALUE)) - low) / (high - low);
  return Math.min(1, Math.max(0, place));
}

const show = (norm: number): string => norm.toPrecision(2);

/** One cell per block, from the input to the output, coloured by the norm of its gradient on a logarithmic scale. */
export function Strip({ norms, count }: { readonly norms: readonly number[]; readonly count: number }): JSX.Element {
  const cells = norms.length === 0 ? Array.from({ length: count }, () => undefined) : norms;
  const [first, last] = [norms[0], norms.at(-1)];
  const label =
    first === undefined || last === undefined
      ? say({ en: "No gradients yet", zh: "还没有梯度" })
      : say({
          en: `Gradient norm: ${show(first)} in the first block, ${show(last)} in the last`,
          zh: `梯度范数：第一个块 ${show(first)}，最后一个块 ${show(last)}`,
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
