import { OptionError } from "../../tensor/errors.ts";
import type { TrainingJob } from "./job.ts";

/** @throws {OptionError} for what cannot be done on several ranks */
export function refuseOnRanks({ device = "cpu" }: Pick<TrainingJob, "device">): void {
  if (device === "cpu") return;
  throw new OptionError("device", `is ${device}, but several ranks train on the processor alone; leave it out`);
}
