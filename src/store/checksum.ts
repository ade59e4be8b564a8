import { createHash } from "node:crypto";
import { encodeJson } from "./json.ts";
import type { Columns, RowOf } from "./schema.ts";

/** A running checksum over rows: equal for equal rows in equal order, whatever the database. */
export interface RowsChecksum<C extends Columns> {
  add(rows: readonly RowOf<C>[]): void;
  /** How many rows there were, and their SHA-256 in hexadecimal. */
  finish(): CountedChecksum;
}

export interface CountedChecksum {
  readonly count: number;
  readonly sha256: string;
}

/** Starts a checksum over rows with these columns. */
export function createRowsChecksum<C extends Columns>(columns: C): RowsChecksum<C> {
  const names = Object.keys(columns);
  const hash = createHash("sha256");
  let count = 0;
  return {
    add: (rows) => {
      count += rows.length;
      hash.update(rows.map((row) => encodeJson(names.map((name) => row[name]))).join("\n") + "\n");
    },
    finish: () => ({ count, sha256: hash.digest("hex") }),
  };
}
