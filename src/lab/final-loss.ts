/** Mean loss of the last tenth of the steps: a single batch's is too noisy. NaN without a step. */
export function finalLoss(losses: readonly number[]): number {
  const last = losses.slice(-Math.max(1, Math.floor(losses.length / 10)));
  return last.reduce((sum, loss) => sum + loss, 0) / last.length;
}
