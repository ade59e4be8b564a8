import { DeviceLostError } from "../../runtime/device-failure.ts";

/** The latest checkpoint of a training. */
export interface KeptTraining {
  readonly path: string;
  readonly step: number;
}

/** Nothing of a lost device can be read, but what was kept before can be resumed. @returns other errors as they are */
export function explainLoss(error: unknown, kept: KeptTraining | undefined): unknown {
  if (kept === undefined || !(error instanceof DeviceLostError)) return error;
  const remedy = `the training is kept up to step ${kept.step}; continue it with \`resume\` ${kept.path}`;
  return new DeviceLostError(error.device, remedy, { cause: error });
}
