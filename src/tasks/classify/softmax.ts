/** log Σ exp(score), shifted by the highest score so that it cannot overflow. */
export function logSumExp(scores: Float32Array): number {
  const highest = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - highest);
  return Math.log(sum) + highest;
}

/** The probabilities of classes by their scores. */
export function softmax(scores: Float32Array): readonly number[] {
  const whole = logSumExp(scores);
  return Array.from(scores, (score) => Math.exp(score - whole));
}

/** −log softmax(scores)[label]. */
export const crossEntropy = (scores: Float32Array, label: number): number => logSumExp(scores) - scores[label];

/**
 * Whether scores tell classes apart. The logarithm of a probability of 0 is −∞, which one class may have, not all.
 */
export const areScores = (scores: Float32Array): boolean => Number.isFinite(logSumExp(scores));
