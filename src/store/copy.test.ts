import { describe, expect, test } from "vitest";
import { addRun, collect, points, readMetrics, storeKinds, useStores } from "../../test/support/stores.ts";
import { OptionError } from "../tensor/errors.ts";
import { copyRuns } from "./copy.ts";
import { exportJson } from "./export.ts";
import type { Run } from "./run.ts";
import { addMetrics, changeTags, listRuns, type RunStore } from "./run-store.ts";
import { storeTables } from "./schema.ts";
import { writeRows } from "./tables.ts";

const stores = useStores();

const pairs = storeKinds.flatMap((from) => storeKinds.map((to) => [from, to] as const));

describe.each(pairs)("a copy from %s to %s", (fromKind, toKind) => {
  const fill = async (store: RunStore): Promise<readonly Run[]> => {
    const special = [Number.NaN, Infinity, -Infinity, 5e-324, 0.1];
    for (let index = 0; index < 3; index++) {
      const { id } = await addRun(
        store,
        index,
        special.map((value) => value * (index + 1)),
      );
      await addMetrics(
        store,
        id,
        points(
          "Loss",
          Array.from({ length: index === 1 ? 10_050 : 50 }, (_, step) => 1 / (step + index)),
        ),
      );
      await changeTags(store, id, { add: [`tag ${index}`] });
      const artifact = { run_id: id, name: "x", sha256: "0a", bytes: 1, step: 2, path: "/x", created_at: 3 };
      await writeRows(store.database, "residua_artifacts", storeTables.residua_artifacts, [artifact]);
    }
    return listRuns(store);
  };

  test("has the same runs, values and checksum; a second one writes nothing", async () => {
    const [from, to] = [await stores.open(fromKind), await stores.open(toKind)];
    const runs = await fill(from);
    const first = await copyRuns(from, to);
    expect(first).toMatchObject({ runs: 3, values: 10_165, written: 10_165 });
    expect(await listRuns(to)).toEqual(runs);
    for (const { id } of runs) expect(await readMetrics(to, id)).toEqual(await readMetrics(from, id));
    expect(await collect(exportJson(to, runs))).toBe(await collect(exportJson(from, runs)));
    expect(await copyRuns(from, to)).toEqual({ ...first, written: 0 });
  });

  test("that was truncated goes on, and what differs is replaced", async () => {
    const [from, to] = [await stores.open(fromKind), await stores.open(toKind)];
    const runs = await fill(from);
    let calls = 0;
    const cut = copyRuns(from, to, () => {
      if (++calls === 2) throw new Error("truncated");
    });
    await expect(cut).rejects.toThrow("truncated");
    // The first run is whole; of the second, which is not shown, a page of ten thousand has been written.
    expect(await listRuns(to)).toEqual([runs[2]]);
    const rest = await copyRuns(from, to);
    expect(rest).toMatchObject({ runs: 3, values: 10_165, written: 10_165 - 55 - 10_000 });
    expect(await listRuns(to)).toEqual(runs);

    await addMetrics(to, runs[0].id, [
      { name: "loss", step: 2, value: 77 },
      { name: "more", step: 1, value: 1 },
    ]);
    await changeTags(to, runs[1].id, { add: ["elsewhere"] });
    await addMetrics(from, runs[2].id, [{ name: "loss", step: 6, value: 6 }]);
    expect(await copyRuns(from, to)).toMatchObject({ values: 10_166, written: 55 + 1 });
    expect(await collect(exportJson(to, await listRuns(to)))).toBe(
      await collect(exportJson(from, await listRuns(from))),
    );
  });
});

test("a store is not copied into itself", async () => {
  const store = await stores.open("sqlite");
  await expect(copyRuns(store, store)).rejects.toThrow(OptionError);
});
