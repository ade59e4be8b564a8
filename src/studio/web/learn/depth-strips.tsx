import type { JSX } from "preact";
import { say } from "../language.ts";
import { useWidth } from "./parts.tsx";

const tall = 20;

/** A network as a row of layers; with shortcuts, an arc leaps over every two. */
function Strip({ depth, hasWires }: { readonly depth: number; readonly hasWires: boolean }): JSX.Element {
  const { ref, width } = useWidth();
  const blocks = (depth - 2) / 2;
  const step = width / depth;
  const rise = Math.min(26, step * 2.2);
  const top = hasWires ? rise + 4 : 4;
  return (
    <div ref={ref} class="layers">
      {width > 0 && (
        <svg width={width} height={top + tall} aria-hidden="true">
          {Array.from({ length: depth }, (_, layer) => (
            <rect
              key={layer}
              x={layer * step + step * 0.2}
              y={top}
              width={step * 0.6}
              height={tall}
              rx={Math.min(2, step * 0.2)}
              class={hasWires ? "layer residual" : "layer plain"}
            />
          ))}
          {hasWires &&
            Array.from({ length: blocks }, (_, block) => {
              const [from, to] = [(1 + 2 * block) * step, (3 + 2 * block) * step];
              return (
                <path
                  key={block}
                  class="arc"
                  d={`M${from},${top - 2} C${from},${top - rise} ${to},${top - rise} ${to},${top - 2}`}
                />
              );
            })}
        </svg>
      )}
    </div>
  );
}

/** Both networks of the race, drawn. */
export function DepthStrips({ depth }: { readonly depth: number }): JSX.Element {
  return (
    <div class="strips">
      <p>
        <b class="of-plain">{say({ en: "Plain", zh: "普通网络" })}</b>{" "}
        {say({ en: `${depth} layers, one after another`, zh: `${depth} 层首尾相接` })}
      </p>
      <Strip depth={depth} hasWires={false} />
      <p>
        <b class="of-residual">{say({ en: "Residual", zh: "残差网络" })}</b>{" "}
        {say({
          en: `the same ${depth} layers, with ${(depth - 2) / 2} wires around them`,
          zh: `同样的 ${depth} 层，外加 ${(depth - 2) / 2} 根绕行的线`,
        })}
      </p>
      <Strip depth={depth} hasWires={true} />
    </div>
  );
}
