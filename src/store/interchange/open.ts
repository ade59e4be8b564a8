import { existsSync } from "node:fs";
import { EnvironmentError } from "../../tensor/errors.ts";
import { parseStoreAddress, type StoreAddress } from "../address.ts";
import { connectDatabase, type Database, explained, runStatement } from "../database.ts";

/** What a connection does first, so that it reads and writes the same on every server. */
const settings = {
  // With them on, dropping a table deletes its rows first, and those of others with them.
  sqlite: ["pragma foreign_keys = off"],
  // Strict: values that do not fit are refused instead of changed.
  mysql: ["set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"],
  postgres: ["set datestyle = 'ISO, YMD'", "set extra_float_digits = 1", "set standard_conforming_strings = on"],
} as const;

/**
 * Does `work` on one connection to a database of anybody's, and closes it. Errors of the database are one line.
 *
 * @param options whether an SQLite file that is not there is made, or refused
 */
export async function withTables<T>(
  address: StoreAddress | string,
  options: { readonly create: boolean },
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const parsed = typeof address === "string" ? parseStoreAddress(address, "address") : address;
  if (parsed.kind === "sqlite" && !options.create && !existsSync(parsed.path))
    throw new EnvironmentError(parsed.path, "cannot read: there is no such file or folder");
  const database = await connectDatabase(parsed, { foreign: true });
  try {
    return await explained(database, () =>
      database.kysely.connection().execute(async (kysely) => {
        const connection = { backend: database.backend, kysely };
        for (const statement of settings[database.backend.kind]) await runStatement(connection, statement);
        return work(connection);
      }),
    );
  } finally {
    await database.kysely.destroy().catch(() => undefined);
  }
}
