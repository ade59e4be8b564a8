import { type Dialect, MysqlDialect, type MysqlPoolConnection } from "kysely";
import type { PoolConnection } from "mysql2";
import { loadPackage } from "../../tensor/missing-package.ts";
import type { Backend } from "../backend.ts";

const CONNECT_MILLISECONDS = 10_000;
const quote = (name: string): string => `\`${name.replaceAll("`", "``")}\``;

/**
 * A MySQL or MariaDB database.
 *
 * @param foreign whether values may be of any kind: the server binds them all, instead of the driver, which escapes them into the
 *   statement as the server's usual mode reads it
 */
export function mysqlBackend(url: string, description: string, foreign: boolean): Backend {
  return {
    kind: "mysql",
    description,
    createDialect: () => createDialect(url, foreign),
    quote,
    parameter: () => "?",
    mostParameters: 30_000,
    textType: "longtext character set utf8mb4 collate utf8mb4_bin",
    keyType: "varchar(190) character set utf8mb4 collate utf8mb4_bin",
    replaceClause: (primaryKey, others) =>
      `on duplicate key update ${(others.length === 0 ? primaryKey : others)
        .map((name) => `${quote(name)} = values(${quote(name)})`)
        .join(", ")}`,
    lockSchema: {
      lock: "select get_lock('residua_schema', 60) as granted",
      unlock: "select release_lock('residua_schema')",
    },
    transactionalSchema: false,
  };
}

async function createDialect(url: string, foreign: boolean): Promise<Dialect> {
  const { createPool } = await loadPackage(() => import("mysql2"));
  const uri = url.replace(/^mariadb:/i, "mysql:");
  const pool = createPool({ uri, charset: "utf8mb4", connectionLimit: 2, connectTimeout: CONNECT_MILLISECONDS });
  // Connections closed by a stopping server emit an error; the next statement opens a new one, or fails by itself.
  pool.on("connection", (connection) => connection.on("error", () => undefined));
  return new MysqlDialect({
    pool: {
      getConnection: (callback) =>
        pool.getConnection((error, connection) =>
          callback(error, error ? (undefined as never) : readExactly(connection, foreign)),
        ),
      end: (callback) => pool.end(callback),
    },
  });
}

/**
 * MariaDB prints one double in a hundred or a thousand with the wrong last digit. In the binary form, in which prepared
 * statements answer, they are exact.
 */
function readExactly(connection: PoolConnection, foreign: boolean): MysqlPoolConnection {
  const query = (sql: string, parameters: unknown[], callback: (error: unknown, result: never) => void): void => {
    // A limit given as a parameter must be an integer, but numbers are bound as doubles.
    const isRead = /^select /i.test(sql) && !/limit \?/i.test(sql);
    const done = callback as (error: unknown, result: unknown) => void;
    if (isRead || (foreign && parameters.length > 0)) connection.execute(sql, parameters as never, done);
    else connection.query(sql, parameters, done);
  };
  return { query: query as MysqlPoolConnection["query"], release: () => connection.release() };
}
