import type { NetworkOrigin } from "../../report/origin.ts";
import { hashFile } from "../../store/artifacts.ts";
import type { Run } from "../../store/run.ts";
import { findArtifact, findRun, type RunStore } from "../../store/run-store.ts";
import { errorMessage } from "../../tensor/errors.ts";
import { spokenMessage } from "../lang/language.ts";
import { say } from "../output.ts";
import { storePlace, withStore } from "../store.ts";
import { describeOrigin } from "./origin.ts";

/** A clause in both languages. */
interface Both {
  readonly en: string;
  readonly zh: string;
}

/** What a page lacks if the run store cannot be read. */
const originLeftOut: Both = { en: "the origin is left out", zh: "略去来源" };

/**
 * The training run behind a file, if the run store knows it.
 *
 * @param read reads what else is wanted of it
 * @param leftOut said if the store cannot be read
 */
export async function findTrainingRun<More extends object = object>(
  path: string,
  store: string | false | undefined,
  read: (store: RunStore, run: Run) => Promise<Partial<More>> = async () => ({}),
  leftOut: Both = originLeftOut,
): Promise<NetworkOrigin & Partial<More>> {
  const nothing = {} as NetworkOrigin & Partial<More>;
  if (store === false) return nothing;
  const place = storePlace(store);
  // One that is named and is not there is told below.
  if (!place.exists && store === undefined) return nothing;
  try {
    const { sha256 } = await hashFile(path);
    return await withStore(place, async (opened) => {
      const id = (await findArtifact(opened, sha256))[0]?.run_id;
      if (id === undefined) return nothing;
      const run = await findRun(opened, id);
      return { ...(await read(opened, run)), run: `${id}, ${run.name}`, origin: describeOrigin(run) };
    });
  } catch (error) {
    const reason = errorMessage(error);
    say({
      en: `run store: ${reason}; ${leftOut.en}`,
      zh: `运行存储：${spokenMessage(reason)}；${leftOut.zh}`,
    });
    return nothing;
  }
}
