/** Where the figures of the lesson come from. */
export const sources = {
  resnet: { text: "He et al. 2015, arXiv:1512.03385, table 3", address: "https://arxiv.org/abs/1512.03385" },
  mappings: { text: "He et al. 2016, arXiv:1603.05027, table 1", address: "https://arxiv.org/abs/1603.05027" },
  paths: { text: "Veit et al. 2016, arXiv:1605.06431, section 4.1", address: "https://arxiv.org/abs/1605.06431" },
} as const;

/** Top-1 error on ImageNet, ResNet-34. @source He et al. 2015, arXiv:1512.03385, table 3 */
export const imagenetErrors = { plain: 28.54, pad: 25.03, project: 24.52, "project-all": 24.19 } as const;

/** Our test accuracy on CIFAR-10 after four short epochs, ResNet-20, medians of five seeds. @source docs/results/shortcut-types.json */
export const ourTypes = { pad: 64.17, project: 62.92, "project-all": 61.19 } as const;

/** Whether option A's lead over C is significant, after Holm. @source docs/results/shortcut-types.json */
export const padOverProjectAll = { difference: 3.5, p: 0.019 } as const;

/** What may stand on the wire. */
export type OnTheWire = "nothing" | "gate" | "exclusive-gate" | "projection" | "half" | "dropout";

/** One thing on the wire: the paper's error and our accuracy. */
export interface WireRow {
  readonly put: OnTheWire;
  /** The name of the row in docs/results/identity-mappings.json. */
  readonly record: string;
  /** Test error in per cent, ResNet-110 on CIFAR-10; undefined if it did not train. @source He et al. 2016, table 1 */
  readonly error: number | undefined;
  /** Our test accuracy in per cent: ResNet-32, four short epochs, one seed. @source docs/results/identity-mappings.json */
  readonly accuracy: number;
}

/** In the order of the paper's errors. */
export const wireRows: readonly WireRow[] = [
  { put: "nothing", record: "original", error: 6.61, accuracy: 63.07 },
  { put: "gate", record: "shortcut-only gate, b=-6", error: 6.91, accuracy: 62.18 },
  { put: "exclusive-gate", record: "exclusive gate, b=-6", error: 8.7, accuracy: 57.62 },
  { put: "projection", record: "1×1 convolution", error: 12.22, accuracy: 52.85 },
  { put: "half", record: "scale 0.5, F×0.5", error: 12.35, accuracy: 47.3 },
  { put: "dropout", record: "dropout 0.5", error: undefined, accuracy: 16.63 },
];

/**
 * Gradient of the first layer over that of the last, at the start and after so many steps, without and with shortcuts.
 * @source docs/gradient-flow.md
 */
export const flowRatios = {
  steps: 60,
  plain: { start: "1213", end: "0.001584" },
  residual: { start: "1.067", end: "0.4574" },
} as const;
