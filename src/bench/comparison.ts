import { quantile } from "simple-statistics";
import type { Standing } from "./contender.ts";
import type { StepShares } from "./step-shares.ts";

/** One figure beside a peer's. */
export interface Comparison {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number;
  readonly peerName: string;
  /** Ours over the peer's, or the other way round where less is better: above 1 is better. */
  readonly ratio: number;
  /** Interquartile range of ours over its median. */
  readonly spread: number;
  /** Where the time of our steps goes. */
  readonly shares?: StepShares;
}

/** Seconds of a step. */
export const medianOf = ({ seconds }: Pick<Standing, "seconds">): number => quantile([...seconds], 0.5);

/** Interquartile range over the median. */
export const spreadOf = (standing: Pick<Standing, "seconds">): number =>
  (quantile([...standing.seconds], 0.75) - quantile([...standing.seconds], 0.25)) / medianOf(standing);

/** Images a second of both sides. @param batch images a step */
export function compareRates(
  name: string,
  batch: number,
  {
    ours,
    peer,
    peerName,
  }: { readonly ours: Pick<Standing, "seconds">; readonly peer: Pick<Standing, "seconds">; readonly peerName: string },
): Comparison {
  const [own, other] = [batch / medianOf(ours), batch / medianOf(peer)];
  return { name, unit: "images/s", ours: own, peer: other, peerName, ratio: own / other, spread: spreadOf(ours) };
}
