import { RequestError } from "../protocol/request-error.ts";
import type { BudgetShare } from "./budget.ts";

/** What pieces are gathered for. */
export interface PiecesSetting {
  readonly share: BudgetShare;
  /** Bytes of the share that are taken for something else. */
  readonly before: number;
  readonly most: number;
  /** All bytes that come, if they are known; the share has them already. */
  readonly expected?: number;
  /** What is said of more than the most. */
  readonly tooLong: string;
}

/** Pieces of a body. */
export interface Pieces {
  /** @throws {RequestError} 413 if there are too many bytes, 503 if the budget is used up */
  readonly add: (piece: Buffer) => void;
  readonly length: () => number;
  /** All of it in one, in memory that holds nothing else; ends the gathering. */
  readonly join: () => Buffer;
  /** Gives the memory back; ends the gathering. */
  readonly discard: () => void;
}

/** Memory that grows where it is, and is given back at once. In ES2024; Node has it from 20 on. */
type GrowingMemory = ArrayBuffer & { readonly resize: (bytes: number) => void };
const GrowingMemory = ArrayBuffer as unknown as new (
  bytes: number,
  options: { readonly maxByteLength: number },
) => GrowingMemory;

const FIRST_CAPACITY = 4096;

/** Gathers pieces, which are copied together, since each small one costs far more memory than it holds. */
export function createPieces(setting: PiecesSetting): Pieces {
  const { expected } = setting;
  return expected === undefined ? gatherUnknown(setting) : gatherExpected(setting, expected);
}

function gatherExpected({ most, tooLong }: PiecesSetting, expected: number): Pieces {
  let whole: Buffer = Buffer.alloc(0);
  let length = 0;
  return {
    add: (piece) => {
      const needed = length + piece.length;
      if (needed > Math.min(most, expected)) throw new RequestError(413, "body", tooLong);
      // One that is all, and holds on to nothing else, is not copied.
      if (piece.length === expected && piece.buffer.byteLength === expected) whole = piece;
      else {
        if (length === 0) whole = Buffer.allocUnsafeSlow(expected);
        piece.copy(whole, length);
      }
      length = needed;
    },
    length: () => length,
    join: () => whole.subarray(0, length),
    discard: () => void (whole = Buffer.alloc(0)),
  };
}

/** What is refused in the end, such as what unpacks to too much, leaves nothing for garbage collection. */
function gatherUnknown({ share, before, most, tooLong }: PiecesSetting): Pieces {
  const memory = new GrowingMemory(0, { maxByteLength: most });
  const bytes = new Uint8Array(memory);
  let length = 0;
  const discard = (): void => memory.resize(0);
  return {
    add: (piece) => {
      const needed = length + piece.length;
      if (needed > most) throw new RequestError(413, "body", tooLong);
      if (needed > memory.byteLength) {
        const capacity = Math.min(most, Math.max(needed, 2 * memory.byteLength, FIRST_CAPACITY));
        share.growTo(before + capacity);
        memory.resize(capacity);
      }
      bytes.set(piece, length);
      length = needed;
    },
    length: () => length,
    join: () => {
      const whole = Buffer.allocUnsafeSlow(length);
      whole.set(bytes.subarray(0, length));
      discard();
      return whole;
    },
    discard,
  };
}
