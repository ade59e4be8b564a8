/** Runs tasks one by one in order of arrival; one that fails does not stop those after it. */
export type Queue = <T>(task: () => Promise<T>) => Promise<T>;

/** Starts an empty queue. */
export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };
}
