import { logSumExp } from "./softmax.ts";

/** Predictions for a set of images. */
export interface Predictions {
  readonly classes: readonly string[];
  /** Class of each image. */
  readonly labels: readonly number[];
  /** `[count, classes]` as they come out of the network, which may have more classes than the data. */
  readonly scores: Float32Array;
  readonly width: number;
}

/** The prediction for one image. */
export interface Judged {
  readonly index: number;
  readonly label: number;
  readonly predicted: number;
  /** Probability of the predicted class, and of the right one. */
  readonly confidence: number;
  readonly probability: number;
  /** Cross-entropy. */
  readonly loss: number;
}

/** Per-class measures from 0 to 1; NaN if the denominator is 0. */
export interface ClassScore {
  readonly name: string;
  readonly count: number;
  /** The share of predictions of this class that are right. */
  readonly precision: number;
  /** The share of images of this class that are found. */
  readonly recall: number;
  /** Harmonic mean of both. */
  readonly f1: number;
}

/** Judges every image. */
export function judgeImages({ labels, scores, width }: Predictions): readonly Judged[] {
  return labels.map((label, index) => {
    const own = scores.subarray(index * width, (index + 1) * width);
    let predicted = 0;
    for (let place = 1; place < width; place++) if (own[place] > own[predicted]) predicted = place;
    const whole = logSumExp(own);
    const probabilityOf = (place: number): number => Math.exp(own[place] - whole);
    return {
      index,
      label,
      predicted,
      confidence: probabilityOf(predicted),
      probability: probabilityOf(label),
      loss: whole - own[label],
    };
  });
}

/** `matrix[true class][predicted class]`: counts. */
export function confusionMatrix(judged: readonly Judged[], classes: number): readonly (readonly number[])[] {
  const matrix = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  for (const { label, predicted } of judged) matrix[label][predicted]++;
  return matrix;
}

/** Precision, recall and F1 of each class. */
export function scoreClasses(matrix: readonly (readonly number[])[], names: readonly string[]): readonly ClassScore[] {
  return names.map((name, label) => {
    const right = matrix[label][label];
    const count = matrix[label].reduce((sum, value) => sum + value, 0);
    const called = matrix.reduce((sum, row) => sum + row[label], 0);
    const [precision, recall] = [right / called, right / count];
    return { name, count, precision, recall, f1: (2 * right) / (called + count) };
  });
}
