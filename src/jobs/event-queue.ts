import { ResiduaError } from "../tensor/errors.ts";
import { keptEvents } from "./job.ts";

/** A queue of events between reporter and reader. */
export interface EventQueue<Event> extends AsyncIterable<Event> {
  readonly add: (event: Event) => void;
  /** Ends the reader's loop once the queue is drained. */
  readonly end: () => void;
}

/**
 * Keeps events for one reader, in order.
 *
 * @param name names the events in errors
 */
export function createEventQueue<Event>(name: string): EventQueue<Event> {
  let waiting: Event[] = [];
  let [isOver, isClosed, isTaken, lost] = [false, false, false, 0];
  let wake: () => void = () => undefined;
  const changed = (): Promise<void> => new Promise((resolve) => void (wake = resolve));
  async function* read(): AsyncGenerator<Event, void, undefined> {
    if (isTaken) throw new ResiduaError(name, "are read by a loop already; read them there, or pass `onEvent`");
    isTaken = true;
    try {
      for (;;) {
        if (lost > 0)
          throw new ResiduaError(
            name,
            `${lost} are lost: at most ${keptEvents} wait for a reader; read them sooner, or pass \`onEvent\``,
          );
        const ready = waiting;
        waiting = [];
        yield* ready;
        if (waiting.length > 0 || lost > 0) continue;
        if (isOver) return;
        await changed();
      }
    } finally {
      isClosed = true;
      waiting = [];
    }
  }
  return {
    add: (event) => {
      if (isClosed) return;
      // Once events are lost, the reader gets an error instead of the rest.
      if (lost > 0 || waiting.length >= keptEvents) {
        lost += waiting.length + 1;
        waiting = [];
      } else waiting.push(event);
      wake();
    },
    end: () => {
      isOver = true;
      wake();
    },
    [Symbol.asyncIterator]: read,
  };
}
