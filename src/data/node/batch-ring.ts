/**
 * Batches in shared memory, passed from workers to the training thread without messages: the training thread is blocked
 * while a step runs, and must find the next batch ready when it wakes up.
 *
 * Slot s holds the batches s, s + slots, s + 2·slots … in turn. Its state word counts: 2·turn when it is free for that
 * turn, 2·turn + 1 when it is filled.
 */
export interface BatchRing {
  readonly slots: number;
  readonly states: Int32Array;
  readonly images: readonly Float32Array[];
  readonly labels: readonly BigInt64Array[];
}

/** The memory of a ring, as sent to a worker. */
export interface RingMemory {
  readonly slots: number;
  readonly batch: number;
  readonly imageSize: number;
  readonly labelSize: number;
  readonly buffer: SharedArrayBuffer;
}

/** Set in a state word to tell everyone that waits on it to stop. */
const STOPPED = -1;

/** Allocates a ring. @param size elements of one sample's image, and of its labels */
export function allocateRing(
  slots: number,
  batch: number,
  { imageSize, labelSize }: { readonly imageSize: number; readonly labelSize: number },
): RingMemory {
  const bytes = Math.ceil((slots * 4) / 8) * 8 + slots * batch * 8 * (labelSize + Math.ceil(imageSize / 2));
  return { slots, batch, imageSize, labelSize, buffer: new SharedArrayBuffer(bytes) };
}

/** The ring in this thread. */
export function openRing({ slots, batch, imageSize, labelSize, buffer }: RingMemory): BatchRing {
  const stateBytes = Math.ceil((slots * 4) / 8) * 8;
  const labelBytes = batch * labelSize * 8;
  const imageBytes = batch * Math.ceil(imageSize / 2) * 8;
  const slotStart = (slot: number): number => stateBytes + slot * (labelBytes + imageBytes);
  const all = Array.from({ length: slots }, (_, slot) => slot);
  return {
    slots,
    states: new Int32Array(buffer, 0, slots),
    labels: all.map((slot) => new BigInt64Array(buffer, slotStart(slot), batch * labelSize)),
    images: all.map((slot) => new Float32Array(buffer, slotStart(slot) + labelBytes, batch * imageSize)),
  };
}

/** The outcome of waiting for a slot. */
export type WaitResult = "ready" | "stopped" | "timed-out";

/** Waits, blocking the thread, until the slot of a batch is free for it or filled with it. */
export function waitForSlot(
  ring: BatchRing,
  step: number,
  wanted: "free" | "filled",
  milliseconds: number,
): WaitResult {
  const slot = step % ring.slots;
  const target = 2 * Math.floor(step / ring.slots) + (wanted === "filled" ? 1 : 0);
  const end = performance.now() + milliseconds;
  for (;;) {
    const state = Atomics.load(ring.states, slot);
    if (state === target) return "ready";
    if (state === STOPPED) return "stopped";
    const left = end - performance.now();
    if (left <= 0) return "timed-out";
    Atomics.wait(ring.states, slot, state, left);
  }
}

/** Marks the slot of a batch as filled, or as free for the batch that comes next in it. */
export function markSlot(ring: BatchRing, step: number, what: "filled" | "consumed"): void {
  const slot = step % ring.slots;
  const next = 2 * Math.floor(step / ring.slots) + (what === "filled" ? 1 : 2);
  // A stopped ring stays stopped.
  const before = next - 1;
  Atomics.compareExchange(ring.states, slot, before, next);
  Atomics.notify(ring.states, slot);
}

/** Makes every slot free for the first batch from `step` on that falls to it. */
export function startRing(ring: BatchRing, step: number): void {
  for (let batch = step; batch < step + ring.slots; batch++) {
    Atomics.store(ring.states, batch % ring.slots, 2 * Math.floor(batch / ring.slots));
  }
}

/** Wakes all waiters to stop. */
export function stopRing(ring: BatchRing): void {
  for (let slot = 0; slot < ring.slots; slot++) {
    Atomics.store(ring.states, slot, STOPPED);
    Atomics.notify(ring.states, slot);
  }
}
