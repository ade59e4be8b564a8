import { describeServerUrl, parseServerUrl } from "../files/node/server-url.ts";
import { OptionError } from "../tensor/errors.ts";

/** The location of a store. */
export type StoreAddress =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "mysql" | "postgres"; readonly url: string };

const kinds: Readonly<Record<string, "mysql" | "postgres">> = {
  mysql: "mysql",
  mariadb: "mysql",
  postgres: "postgres",
  postgresql: "postgres",
};

/** An address without its scheme or colon, which may hold a password and must not become a file name. */
const looksLikeAddress = /^\/\/|:\/\/|\/\/.*@|(?<!^[a-z]):.*@|\?|^(mysql|mariadb|postgres|postgresql)(\/|$)/i;

/** @throws {OptionError} that does not repeat the path */
function parsePath(path: string, where: string): StoreAddress {
  if (path.trim() === "") throw new OptionError(where, "names no file; give a path, such as .residua/runs.db");
  if (path !== path.trim() || /\p{Cc}/u.test(path))
    throw new OptionError(where, "begins or ends with a space, or has a line break; give it without");
  if (looksLikeAddress.test(path))
    throw new OptionError(
      where,
      "looks like an address, but is none; must be mysql://user:password@host/database, postgres://…, sqlite:path or a path",
    );
  return { kind: "sqlite", path };
}

/**
 * Reads a store's address: `mysql://user:password@host/database`, `postgres://…`, `sqlite:path` or a file's path.
 *
 * @throws {OptionError} if it is of another kind, names no database, or is a path that looks like an address; the
 *   message omits the address, which may hold a password
 */
export function parseStoreAddress(text: string, where = "store"): StoreAddress {
  // A single letter is a drive.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1].toLowerCase();
  if (scheme === undefined) return parsePath(text, where);
  if (scheme === "sqlite" || scheme === "file")
    return parsePath(text.slice(scheme.length + 1).replace(/^\/\/(?=\/)/, ""), where);
  const kind = Object.hasOwn(kinds, scheme) ? kinds[scheme] : undefined;
  // The text before the colon may be part of a password.
  if (kind === undefined)
    throw new OptionError(
      where,
      "is of no known kind; must begin with mysql:, mariadb:, postgres: or sqlite:, or be a path",
    );
  const example = `${scheme}://user:password@host/database`;
  const url = parseServerUrl(text, where, example);
  if (url.pathname.length < 2) throw new OptionError(where, `names no database; must be like ${example}`);
  if (url.pathname.includes("/", 1))
    throw new OptionError(where, `has more than a database after its host; must be like ${example}`);
  if (kind === "postgres") requireTlsWords(url, where);
  return { kind, url: text };
}

const sslModes = ["disable", "no-verify", "require", "verify-ca", "verify-full"] as const;

/**
 * The driver takes words that it does not know for no encryption, and those that allow both for one of the two.
 *
 * @throws {OptionError} if what the address says of TLS is not what would be done
 */
function requireTlsWords({ searchParams }: URL, where: string): void {
  const modes = searchParams.getAll("sslmode");
  if (modes.length > 1 || modes.some((mode) => !sslModes.some((known) => known === mode)))
    throw new OptionError(where, `has an sslmode that cannot be followed; must be one of ${sslModes.join(", ")}`);
  if (searchParams.getAll("ssl").some((word) => !["true", "1", "0"].includes(word)))
    throw new OptionError(where, "has an ssl that cannot be followed; must be true or 0, or give sslmode");
}

/** A PostgreSQL address as its driver takes it: who asks for encryption gets the server checked as well, without a warning each time. */
export function driverAddress(text: string): string {
  const url = new URL(text);
  if (["require", "verify-ca"].includes(url.searchParams.get("sslmode") ?? ""))
    return text.replace(/([?&]sslmode=)(?:require|verify-ca)(?=&|$)/, "$1verify-full");
  return text;
}

/** The address for display and files: only its harmless parts, so never a user, a password or a parameter. */
export function describeAddress(address: StoreAddress): string {
  return address.kind === "sqlite" ? address.path : describeServerUrl(new URL(address.url));
}
