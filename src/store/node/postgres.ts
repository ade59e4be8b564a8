import { type Dialect, PostgresDialect } from "kysely";
import { loadPackage } from "../../tensor/missing-package.ts";
import type { Backend } from "../backend.ts";
import { driverAddress } from "../address.ts";
import { onConflictReplace } from "../on-conflict.ts";

const CONNECT_MILLISECONDS = 10_000;
const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A PostgreSQL database. */
export function postgresBackend(url: string, description: string): Backend {
  return {
    kind: "postgres",
    description,
    createDialect: () => createDialect(url),
    quote,
    parameter: (index) => `$${index}`,
    mostParameters: 30_000,
    textType: 'text collate "C"',
    keyType: 'varchar(190) collate "C"',
    replaceClause: onConflictReplace(quote),
    lockSchema: { lock: "select pg_advisory_lock(7236451)", unlock: "select pg_advisory_unlock(7236451)" },
    transactionalSchema: true,
  };
}

async function createDialect(url: string): Promise<Dialect> {
  const { default: pg } = await loadPackage(() => import("pg"));
  const pool = new pg.Pool({
    connectionString: driverAddress(url),
    max: 2,
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    keepAlive: true,
    // Integers of 64 bits come as text otherwise; the store's are all within ±2^53.
    types: {
      getTypeParser: (oid, format) => (oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)),
    },
  });
  // A stopping server closes connections, idle or in use; the next statement opens a new one, or fails by itself.
  // Without a listener, the error would end the process.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  return new PostgresDialect({ pool });
}
