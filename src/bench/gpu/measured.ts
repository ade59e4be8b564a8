/** What a case took on a device. */
export interface GpuMeasured {
  /** The device, with what drives it as far as that is known. */
  readonly device: string;
  /** Seconds until the first step had ended: opening the device, and compiling its programs. */
  readonly preparing: number;
  /** Of the first steps. */
  readonly losses: readonly number[];
  /** Of each step after the first. */
  readonly seconds: readonly number[];
}

/** Why nothing was measured. */
export interface GpuProblem {
  readonly problem: string;
}
