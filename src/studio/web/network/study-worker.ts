import * as ort from "onnxruntime-web/wasm";
import { toModel } from "../../../compile/inference.ts";
import { serveRequests } from "../../../jobs/web/service.ts";
import { createGraphBuilder } from "../../../onnx/builder.ts";
import { encodeModel } from "../../../onnx/encode.ts";
import { createWebRuntime } from "../../../runtime/web.ts";
import { measureAt } from "./landscape.ts";
import { lookAt } from "./look.ts";
import { cutBlocks, followGradient, openStudy, requireStudy, type Study } from "./study.ts";
import type { networkStudy, StudyAnswer, StudyRequest } from "./study-service.ts";

const runtime = createWebRuntime({
  ort,
  wasm: new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url),
});

/** Starts ONNX Runtime, so that what is timed later is the network alone. */
async function startRuntime(): Promise<void> {
  const g = createGraphBuilder("start");
  g.output("y", g.op("Relu", [g.input("x", "float32", [1])]));
  const session = await runtime.load(encodeModel(toModel(g.finish())), { executionProviders: ["wasm"] });
  await session.release();
}

/** The network that was opened last. */
let current: Study | undefined;

async function answer(request: StudyRequest): Promise<StudyAnswer> {
  if (request.kind === "open") {
    current = undefined;
    await startRuntime();
    const { study, opened } = await openStudy(request, request.images);
    current = study;
    return { kind: "open", ...opened };
  }
  const study = requireStudy(current);
  if (request.kind === "cut") return { kind: "cut", ...(await cutBlocks(study, request.removed, runtime)) };
  if (request.kind === "flow") return { kind: "flow", ...(await followGradient(study, runtime)) };
  if (request.kind === "point") return { kind: "point", ...(await measureAt(study, request.at, runtime)) };
  return { kind: "look", looks: await lookAt(study, runtime) };
}

serveRequests<typeof networkStudy>({ answer });
