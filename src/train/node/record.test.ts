import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startEvent } from "../../../test/support/train-events.ts";
import { parseStoreAddress } from "../../store/address.ts";
import { listRuns, openRunStore } from "../../store/run-store.ts";
import { recordTraining } from "./record.ts";

test("a training without a result has crashed, unless somebody asked for its end", async () => {
  const folder = await mkdtemp(join(tmpdir(), "residua-record-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "runs.db");
  const open = (): ReturnType<typeof openRunStore> => openRunStore(parseStoreAddress(path));
  const project = { path: folder, artifacts: join(folder, "artifacts"), unsent: join(folder, "unsent") };
  const told: string[] = [];
  const say = (text: string): void => void told.push(text);
  for (const isAsked of [false, true]) {
    const recorder = recordTraining({ open, project, store: path, unsentFolder: project.unsent, say });
    recorder.observe(startEvent(0));
    await recorder.finish({ error: new Error("was ended"), isAsked });
  }
  const store = await open();
  onTestFinished(() => store.close());
  const ends = (await listRuns(store)).map(({ status, reason }) => ({ status, reason }));
  const reason = "was ended";
  expect(new Set(ends)).toEqual(
    new Set([
      { status: "stopped", reason },
      { status: "crashed", reason },
    ]),
  );
  expect(told).toEqual([]);
});
