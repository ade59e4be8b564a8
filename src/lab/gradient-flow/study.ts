import type { ComputedOn } from "../../runtime/computed-on.ts";
import { describeVerdict, judgeFlow, type Verdict } from "./verdict.ts";
import { endRatio, type FlowProfile } from "./profile.ts";

/** One network's gradient flow along its training. */
export interface NetworkFlow {
  /** Such as "resnet56, plain". */
  readonly label: string;
  readonly parameters: number;
  readonly status: "done" | "stopped" | "diverged";
  /** At least one, in the order of their steps. */
  readonly profiles: readonly FlowProfile[];
}

/** Networks measured on the same batch. */
export interface FlowStudy extends ComputedOn {
  readonly networks: readonly NetworkFlow[];
  readonly data: string;
  readonly batch: number;
  readonly steps: number;
  readonly seed: number;
  readonly lowering: string;
}

/** What a network's first and last profile come to. */
export interface FlowSummary {
  readonly label: string;
  readonly step: number;
  readonly first: { readonly layer: string; readonly gradient: number };
  readonly last: { readonly layer: string; readonly gradient: number };
  /** First over last. */
  readonly ratio: number;
  readonly verdict?: Verdict;
  readonly sentence: { readonly en: string; readonly zh: string };
}

/** Sums up one moment of a network. */
function summarizeProfile(label: string, profile: FlowProfile): FlowSummary {
  const [first, last] = [profile.layers[0], profile.layers.at(-1)!];
  const verdict = judgeFlow(profile);
  const moment =
    profile.step === 0
      ? { en: `${label}, at the start`, zh: `${label}，开始时` }
      : { en: `${label}, after ${profile.step} steps`, zh: `${label}，${profile.step} 步之后` };
  const [en, zh] = [describeVerdict(moment.en, verdict).en, describeVerdict(moment.zh, verdict).zh];
  return {
    label,
    step: profile.step,
    first: { layer: first.layer, gradient: first.gradient },
    last: { layer: last.layer, gradient: last.gradient },
    ratio: endRatio(profile),
    ...(verdict === undefined ? {} : { verdict }),
    sentence: { en, zh },
  };
}

/** The first and the last moment of each network. */
export function summarizeStudy({ networks }: Pick<FlowStudy, "networks">): readonly FlowSummary[] {
  return networks.flatMap(({ label, profiles }) => {
    const moments = profiles.length > 1 ? [profiles[0], profiles.at(-1)!] : profiles;
    return moments.map((profile) => summarizeProfile(label, profile));
  });
}
