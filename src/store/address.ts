import { OptionError } from "../tensor/errors.ts";

/** Where a store is. */
export type StoreAddress =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "mysql" | "postgres"; readonly url: string };

const kinds: Readonly<Record<string, "mysql" | "postgres">> = {
  "mysql:": "mysql",
  "mariadb:": "mysql",
  "postgres:": "postgres",
  "postgresql:": "postgres",
};

/**
 * Reads a store's address: `mysql://user:password@host/database`, `postgres://…`, `sqlite:path` or a file's path.
 *
 * @throws {OptionError} if it is of another kind or names no database; the address, which may hold a password, is not
 *   repeated
 */
export function parseStoreAddress(text: string, where = "store"): StoreAddress {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1].toLowerCase();
  if (scheme === undefined || scheme === "sqlite" || scheme === "file") {
    const path = scheme === undefined ? text : text.slice(scheme.length + 1).replace(/^\/\/(?=\/)/, "");
    if (path.trim() === "") throw new OptionError(where, "names no file; give a path, such as .residua/runs.db");
    return { kind: "sqlite", path };
  }
  const kind = kinds[`${scheme}:`];
  if (kind === undefined)
    throw new OptionError(where, `"${scheme}:" is not known; must be mysql:, mariadb:, postgres:, sqlite: or a path`);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new OptionError(where, `is no valid address; must be ${scheme}://user:password@host/database`);
  }
  if (url.pathname.length < 2)
    throw new OptionError(where, `names no database; must be ${scheme}://user:password@host/database`);
  return { kind, url: text };
}

/** The address without its password, for people and files. */
export function describeAddress(address: StoreAddress): string {
  if (address.kind === "sqlite") return address.path;
  const url = new URL(address.url);
  url.password = "";
  for (const name of url.searchParams.keys()) if (/pass/i.test(name)) url.searchParams.delete(name);
  return url.href;
}
