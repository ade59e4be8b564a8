let busy = 0;

/** Notes that work is under way until a promise is settled. */
export function holdBusy(work: Promise<unknown>): void {
  busy++;
  const end = (): void => void busy--;
  work.then(end, end);
}

/** Whether a reload would lose work. */
export function isBusy(): boolean {
  return busy > 0;
}
