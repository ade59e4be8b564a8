import type { Dialect } from "kysely";

/** The parts in which databases differ. */
export interface Backend {
  readonly kind: "sqlite" | "mysql" | "postgres";
  /** Without a password, for messages. */
  readonly description: string;
  /** Parts of its address that no message may contain. */
  readonly secrets?: readonly string[];
  createDialect(): Promise<Dialect>;
  /** Quotes a name for a statement. */
  quote(name: string): string;
  /** The nth parameter of a statement, from 1. */
  parameter(index: number): string;
  /** The most parameters per statement. */
  readonly mostParameters: number;
  readonly textType: string;
  /** The type of texts compared byte by byte, whatever the database's collation. */
  readonly keyType: string;
  /** The clause that makes an insertion replace an existing row. */
  replaceClause(primaryKey: readonly string[], others: readonly string[]): string;
  /** Statements around a transaction that changes the schema, so that one process does so at a time; `granted` in the answer says whether it may. */
  readonly lockSchema?: { readonly lock: string; readonly unlock: string };
  /** Whether a failed schema change is rolled back completely. */
  readonly transactionalSchema: boolean;
}
