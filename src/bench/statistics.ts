import { quantile } from "simple-statistics";
import type { Standing } from "./contender.ts";

/** Seconds of a step. */
export const medianOf = ({ seconds }: Pick<Standing, "seconds">): number => quantile([...seconds], 0.5);

/** Interquartile range over the median. */
export const spreadOf = (standing: Pick<Standing, "seconds">): number =>
  (quantile([...standing.seconds], 0.75) - quantile([...standing.seconds], 0.25)) / medianOf(standing);
