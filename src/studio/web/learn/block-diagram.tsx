import { type Signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { say } from "../language.ts";

/** Where the parts of the block stand in the drawing. */
const place = {
  width: 480,
  height: 190,
  line: 128,
  tap: 78,
  plus: { x: 372, y: 128 },
  loose: { x: 232, y: 30 },
  near: 60,
};

/** A block whose wire is plugged in and pulled out by dragging its end, by the button or by the Space key. */
export function BlockDiagram({ hasWire }: { readonly hasWire: Signal<boolean> }): JSX.Element {
  const svg = useRef<SVGSVGElement>(null);
  const dragged = useSignal<{ readonly x: number; readonly y: number } | undefined>(undefined);
  const { width, height, line, tap, plus, loose } = place;
  const end = dragged.value ?? (hasWire.value ? plus : loose);
  const follow = ({ clientX, clientY }: PointerEvent): void => {
    const { left, top, width: shown } = svg.current!.getBoundingClientRect();
    const scale = width / shown;
    const [x, y] = [(clientX - left) * scale, (clientY - top) * scale];
    dragged.value = { x, y };
    hasWire.value = Math.hypot(x - plus.x, y - plus.y) < place.near;
  };
  const isPlugged = hasWire.value;
  return (
    <div class="block-diagram">
      <svg
        ref={svg}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={say(
          isPlugged
            ? {
                en: "The wire leads from x around F to the sum: y = F(x) + x",
                zh: "线从 x 绕过 F 接到加号：y = F(x) + x",
              }
            : { en: "The wire hangs loose: y = F(x)", zh: "线悬空：y = F(x)" },
        )}
      >
        <path class="main" d={`M58,${line} H140 M292,${line} H${plus.x - 17} M${plus.x + 17},${line} H424`} />
        <path class="head" d={`M140,${line} l-10,-5 v10 z M424,${line} l-10,-5 v10 z`} />
        <rect class="box" x="140" y="94" width="152" height="68" rx="10" />
        <text x="216" y="124" class="letter">
          F
        </text>
        <text x="216" y="148" class="small">
          3×3 · relu · 3×3
        </text>
        <circle class={isPlugged ? "plus on" : "plus"} cx={plus.x} cy={plus.y} r="17" />
        <path
          class={isPlugged ? "cross on" : "cross"}
          d={`M${plus.x - 8},${plus.y} h16 M${plus.x},${plus.y - 8} v16`}
        />
        <text x="40" y={line + 9} class="letter">
          x
        </text>
        <text x="442" y={line + 9} class="letter">
          y
        </text>
        <path class={isPlugged ? "wire on" : "wire"} d={wirePath(tap, line, end)} />
        <circle class="knot" cx={tap} cy={line} r="5" />
        <circle
          class={isPlugged ? "plug on" : "plug"}
          cx={end.x}
          cy={isPlugged && dragged.value === undefined ? plus.y - 17 : end.y}
          r="11"
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            follow(event);
          }}
          onPointerMove={(event) => dragged.value !== undefined && follow(event)}
          onPointerUp={() => (dragged.value = undefined)}
          onPointerCancel={() => (dragged.value = undefined)}
        />
      </svg>
      <p class="equation">y = F(x){isPlugged && <b> + x</b>}</p>
      <button type="button" aria-pressed={isPlugged} onClick={() => (hasWire.value = !isPlugged)}>
        {say(isPlugged ? { en: "Pull the wire out", zh: "拔下这根线" } : { en: "Plug the wire in", zh: "接上这根线" })}
      </button>
    </div>
  );
}

/** From the knot up, over F and down to the end. */
function wirePath(tap: number, line: number, end: { readonly x: number; readonly y: number }): string {
  const top = 34;
  return `M${tap},${line} C${tap},${top - 10} ${tap + 40},${top} ${(tap + end.x) / 2},${top} S${end.x},${top} ${end.x},${Math.max(end.y - 14, top)}`;
}
