import { OptionError } from "../../tensor/errors.ts";

/**
 * Reads the address of a server, which may hold a password. An address in which a password's own characters have moved a part of
 * it to where something harmless is expected is refused: after the host, "@" must be written %40.
 *
 * @param example what it must look like
 * @throws {OptionError} that repeats nothing of the address
 */
export function parseServerUrl(text: string, where: string, example: string): URL {
  const refuse = (why: string): never => {
    throw new OptionError(where, `${why}; must be like ${example}`);
  };
  if (/\s|\p{Cc}/u.test(text)) return refuse("has spaces or line breaks");
  if (!URL.canParse(text)) return refuse("is not a valid address");
  const url = new URL(text);
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return refuse("lacks // after its kind");
  if (/[@\\]/.test(url.pathname + url.search) || url.hash !== "" || /[\\#]/.test(text))
    return refuse(
      'has "@", "#" or "\\" after its host: in a password, write / as %2F, @ as %40, ? as %3F and # as %23',
    );
  try {
    for (const part of [url.username, url.password, url.hostname, url.pathname]) decodeURIComponent(part);
  } catch {
    return refuse('has a "%" that begins no escape: write it as %25');
  }
  return url;
}

/** What of a server's address may be shown, because it is known to be harmless: kind, host, port and path. */
export function describeServerUrl({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/** All parts of an address that nobody but its server may see, as they are written and as they are meant. */
export function secretsOf({ username, password, searchParams, search }: URL): readonly string[] {
  // Alone, a name is a token.
  const token = password === "" ? username : password;
  // A plus sign is meant as a space, or as itself.
  const signs = new URLSearchParams(search.replaceAll("+", "%2B"));
  const meant = [decodeURIComponent(token), ...searchParams.values(), ...signs.values()];
  const all = [token, search.slice(1), ...search.slice(1).split(/[&=]/), ...meant, ...meant.map(encodeURIComponent)];
  return [...new Set(all)].filter((text) => text.length > 2).toSorted((a, b) => b.length - a.length);
}

/** A text of others, such as a driver's message, without an address's secrets and without anything else that looks like one. */
export function hideSecrets(text: string, secrets: readonly string[] = []): string {
  const known = secrets.reduce((rest, secret) => rest.replaceAll(secret, "…"), text);
  return known
    .replaceAll(/([a-z][a-z0-9+.-]*:\/+)(?!user:password@).*@/gi, "$1…@")
    .replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^\s?]*\?)\S*/gi, "$1…");
}
