import { hashFile } from "../../../store/artifacts.ts";
import { findArtifact, findRun, readMetricPages, type RunStore } from "../../../store/run-store.ts";
import type { ClassificationStudy } from "../../../tasks/classify/report.ts";
import { errorMessage } from "../../../tensor/errors.ts";
import { say } from "../../output.ts";
import { storePlace, withStore } from "../../store.ts";

const CURVE_POINTS = 300;

/** The training run behind a file, if the run store knows it. */
export async function findTraining(
  path: string,
  store: string | false | undefined,
): Promise<Pick<ClassificationStudy, "run" | "curves">> {
  if (store === false) return {};
  const place = storePlace(store);
  if (!place.exists) return {};
  try {
    const { sha256 } = await hashFile(path);
    return await withStore(place, async (opened) => {
      const id = (await findArtifact(opened, sha256))[0]?.run_id;
      if (id === undefined) return {};
      const { name } = await findRun(opened, id);
      const points = await readCurve(opened, id, "loss");
      const curves = [{ name: { en: "training loss", zh: "训练损失" }, points }];
      return { run: `${id}, ${name}`, ...(points.length === 0 ? {} : { curves }) };
    });
  } catch (error) {
    say(`run store: ${errorMessage(error)}; the training curves are left out`);
    return {};
  }
}

async function readCurve(
  store: RunStore,
  id: string,
  name: string,
): Promise<NonNullable<ClassificationStudy["curves"]>[number]["points"]> {
  const values: { readonly x: number; readonly y: number }[] = [];
  for await (const page of readMetricPages(store, id, name)) {
    for (const { step, value } of page) if (Number.isFinite(value)) values.push({ x: step, y: value });
  }
  values.sort((a, b) => a.x - b.x);
  const width = Math.max(1, Math.ceil(values.length / CURVE_POINTS));
  return Array.from({ length: Math.ceil(values.length / width) }, (_, index) => {
    const part = values.slice(index * width, (index + 1) * width);
    return { x: part.at(-1)!.x, y: part.reduce((sum, { y }) => sum + y, 0) / part.length };
  });
}
