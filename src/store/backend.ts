import type { Dialect } from "kysely";

/** What the databases do each in its own way. */
export interface Backend {
  readonly kind: "sqlite" | "mysql" | "postgres";
  /** Without a password, for messages. */
  readonly description: string;
  /** Parts of its address that no message may have. */
  readonly secrets?: readonly string[];
  createDialect(): Promise<Dialect>;
  /** A name in a statement. */
  quote(name: string): string;
  /** The nth parameter of a statement, from 1. */
  parameter(index: number): string;
  /** The most parameters of one statement. */
  readonly mostParameters: number;
  readonly textType: string;
  /** A text that is compared byte by byte, whatever the database's language. */
  readonly keyType: string;
  /** What is added to an insertion so that a row that is there is replaced. */
  replaceClause(primaryKey: readonly string[], others: readonly string[]): string;
  /** Put before and after the opening of a transaction that changes the schema, so that one process does at a time. */
  readonly lockSchema?: { readonly lock: string; readonly unlock: string };
  /** Whether a failed change of the schema leaves nothing behind. */
  readonly transactionalSchema: boolean;
}
