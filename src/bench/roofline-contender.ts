import { createInterface } from "node:readline";
import { toModel } from "../compile/inference.ts";
import { createGraphBuilder } from "../onnx/builder.ts";
import { encodeModel } from "../onnx/encode.ts";
import { createNodeRuntime } from "../runtime/node.ts";
import { float32 } from "../tensor/tensor.ts";

// What the machine can do in ONNX Runtime: a product of two square matrices. SIDE THREADS.
const [side, threads] = process.argv.slice(2).map(Number);
const g = createGraphBuilder("roofline");
const shape = [side, side];
const [a, b] = [g.input("a", "float32", shape), g.input("b", "float32", shape)];
// Reduced to one number, so that no large output is copied.
g.output("y", g.op("ReduceMax", [g.op("MatMul", [a, b])], { keepdims: 0 }));
const session = await createNodeRuntime().load(encodeModel(toModel(g.finish())), { threads: threads });
const feeds = {
  a: float32(shape, new Float32Array(side * side).fill(0.5)),
  b: float32(shape, new Float32Array(side * side).fill(0.25)),
};

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") break;
  const seconds: number[] = [];
  for (let run = 0; run < Number(line); run++) {
    const start = performance.now();
    await session.run(feeds);
    seconds.push((performance.now() - start) / 1000);
  }
  process.stdout.write(`${JSON.stringify({ seconds, peakMegabytes: process.resourceUsage().maxRSS / 1000 })}\n`);
}
await session.release();
