/** Names of a step's inputs and outputs other than parameters and buffers, which have their state-dict names. */
export const stepNames = {
  images: "images",
  labels: "labels",
  loss: "loss",
  correct: "correct",
  scores: "scores",
  gradientNorm: "gradientNorm",
  gradientScale: "gradientScale",
  /** What the loss is multiplied by before it is differentiated, and gradients are divided by before they are used. */
  lossScale: "lossScale",
  /** The learning rate of a group of parameters with a schedule of its own, by its place among them. */
  groupRate: (group: number): string => `learningRate/${group}`,
  gradient: (parameter: string): string => `gradient/${parameter}`,
  state: (state: string, parameter: string): string => `${state}/${parameter}`,
  next: (input: string): string => `next/${input}`,
  normOf: (parameter: string): string => `norm/${parameter}`,
  /** What one batch adds to a running statistic. */
  added: (statistic: string): string => `added/${statistic}`,
  /** λ of mixup. */
  mixup: "mixup",
  /** The moving average of a parameter or running statistic, and the weight of its old value in this step. */
  average: (name: string): string => `ema/${name}`,
  averageDecay: "emaDecay",
  /** A finite number if a parameter may be updated in place. */
  guard: (parameter: string): string => `guard/${parameter}`,
  /** The sum of a parameter's gradients over the parts of a step so far. */
  sum: (parameter: string): string => `sum/${parameter}`,
} as const;
