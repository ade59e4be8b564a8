import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { EngineKind, OngoingTrainings, StudioEngine } from "../engine.ts";
import { holdBusy } from "./busy.ts";
import { keep, kept } from "./kept.ts";
import { pageEngine } from "./page-engine.ts";
import { findServerEngine } from "./server-engine.ts";

const server: Signal<StudioEngine | undefined> = signal(undefined);
const wished: Signal<EngineKind> = signal(kept("engine") === "page" ? "page" : "server");

/** The engines that the page can have: its own, and before it the server's. */
export const engines: ReadonlySignal<readonly StudioEngine[]> = computed(() =>
  server.value === undefined ? [pageEngine] : [server.value, pageEngine],
);

/** The one that is computed with: the server's if there is one, unless the reader chose the page's. */
export const engine: ReadonlySignal<StudioEngine> = computed(
  () => engines.value.find(({ facts }) => facts.kind === wished.value) ?? pageEngine,
);

/** Chooses an engine for the trainings to come, and for later visits. */
export function chooseEngine(kind: EngineKind): void {
  wished.value = kind;
  keep("engine", kind);
}

/** Looks for the server's engine. */
async function lookForServer(): Promise<void> {
  server.value = await findServerEngine();
}

/** Notes that work is under way; if it fails, the server may be gone. */
export function holdEngine(work: Promise<unknown>): void {
  holdBusy(work);
  work.catch(lookForServer);
}

const looked = lookForServer();
// Meanwhile it may have been ended, or started anew and opened in another tab.
addEventListener("focus", () => void lookForServer());

/** The trainings that go on without a page, if there is a server that lets them. */
export async function findOngoing(): Promise<OngoingTrainings | undefined> {
  await looked;
  return server.value?.ongoing;
}
