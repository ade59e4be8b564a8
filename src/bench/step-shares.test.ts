import { expect, test } from "vitest";
import type { ProfileEvent } from "./profile.ts";
import { shareStep } from "./step-shares.ts";

const run = (ts: number, dur: number): ProfileEvent => ({ cat: "Session", name: "model_run", ts, dur });

function operator(
  op: string,
  ts: number,
  dur: number,
  { wait = 0, shapes = [] as readonly (readonly number[])[] } = {},
) {
  const args = {
    op_name: op,
    input_type_shape: shapes.map((float) => ({ float })),
    thread_scheduling_stats: { main_thread: { Wait: wait } },
  };
  return { cat: "Node", name: `${op}_kernel_time`, ts, dur, args } satisfies ProfileEvent;
}

test("a step's time is products, other operators, and what the main thread waits in them and between them", () => {
  const full = [
    [8, 16, 4, 4],
    [32, 16, 3, 3],
  ];
  const depthwise = [
    [8, 16, 4, 4],
    [16, 1, 3, 3],
  ];
  const events = [
    run(0, 1000),
    // Of the first step, which warms up.
    operator("Conv", 10, 900, { shapes: full }),
    run(2000, 100),
    operator("Conv", 2000, 40, { wait: 10, shapes: full }),
    operator("Conv", 2040, 10, { shapes: depthwise }),
    operator("Add", 2050, 20, { wait: 5 }),
    run(3000, 100),
    operator("MatMul", 3000, 50),
    // Between steps.
    operator("Gemm", 4000, 50),
  ];
  expect(shareStep(events)).toEqual({ products: 0.4, memory: 0.125, waiting: 0.475 });
});
