import * as ort from "onnxruntime-web/wasm";
import { serveRequests } from "../../../jobs/web/service.ts";
import { createWebRuntime } from "../../../runtime/web.ts";
import { lookAt } from "./look.ts";
import { cutBlocks, followGradient, openStudy, requireStudy, type Study } from "./study.ts";
import type { networkStudy, StudyAnswer, StudyRequest } from "./study-service.ts";

const runtime = createWebRuntime({
  ort,
  wasm: new URL("onnxruntime-web/ort-wasm-simd-threaded.wasm", import.meta.url),
});

/** The network that was opened last. */
let current: Study | undefined;

async function answer(request: StudyRequest): Promise<StudyAnswer> {
  if (request.kind === "open") {
    current = undefined;
    const { study, opened } = await openStudy(request, request.images);
    current = study;
    return { kind: "open", ...opened };
  }
  const study = requireStudy(current);
  if (request.kind === "cut") return { kind: "cut", ...(await cutBlocks(study, request.removed, runtime)) };
  if (request.kind === "flow") return { kind: "flow", ...(await followGradient(study, runtime)) };
  return { kind: "look", looks: await lookAt(study, runtime) };
}

serveRequests<typeof networkStudy>({ answer });
