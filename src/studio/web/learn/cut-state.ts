import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { openService } from "../../../jobs/web/service.ts";
import type { Said } from "../../said.ts";
import type { RaceJob } from "../../engine.ts";
import { holdBusy } from "../busy.ts";
import { messageOf } from "../message.ts";
import { type CutScore, networkCutting } from "./cut-service.ts";

/** A network that is trained, and then cut. */
export interface CutNetwork {
  /** Steps that were trained; undefined before. */
  readonly step?: number;
  /** Once it was trained, in the order in which they run. */
  readonly blocks?: readonly { readonly name: string; readonly isRemovable: boolean }[];
  readonly removed: readonly string[];
  readonly whole?: CutScore;
  /** Missing while it is measured. */
  readonly score?: CutScore | undefined;
  readonly problem?: Said;
}

/** A network of the lesson's last screen, in a worker of its own. */
export interface CutLane {
  readonly state: ReadonlySignal<CutNetwork>;
  train(job: RaceJob): Promise<void>;
  /** Cuts a block out, or puts it back. */
  toggle(name: string): void;
  /** Puts all back. */
  restore(): void;
  /** Ends the training. */
  stop(): void;
}

/** A network that can be trained and cut; nothing is started before it is. */
export function createCutLane(): CutLane {
  const state: Signal<CutNetwork> = signal({ removed: [] });
  const service = openService(networkCutting);
  let wish = 0;
  const change = (part: Partial<CutNetwork>): void => void (state.value = { ...state.value, ...part });
  const fail = (own: number, error: unknown): void => {
    if (own === wish) state.value = { removed: [], problem: messageOf(error) };
  };
  const train = async (job: RaceJob): Promise<void> => {
    const own = ++wish;
    state.value = { removed: [], step: 0 };
    const digits = new URL("digits.png", document.baseURI).href;
    const asked = service.ask(
      { kind: "train", job: { ...job, digits } },
      { onEvent: (step) => own === wish && change({ step }) },
    );
    holdBusy(asked);
    try {
      const answer = await asked;
      if (own === wish && answer.kind === "trained")
        change({ blocks: answer.blocks, whole: answer.score, score: answer.score });
    } catch (error) {
      fail(own, error);
    }
  };
  const cut = async (removed: readonly string[]): Promise<void> => {
    const own = wish;
    change({ removed, score: undefined });
    try {
      const { score } = await service.ask({ kind: "cut", removed });
      if (own === wish && state.value.removed === removed) change({ score });
    } catch (error) {
      fail(own, error);
    }
  };
  const stop = (): void => {
    wish++;
    service.close();
    state.value = { removed: [] };
  };
  const toggle = (name: string): void => {
    const { removed } = state.value;
    void cut(removed.includes(name) ? removed.filter((one) => one !== name) : [...removed, name]);
  };
  return { state, train, toggle, restore: () => void cut([]), stop };
}
