import { type Signal, signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** The address within the site: `#/compare?depth=20` is the page "compare" with the query "depth=20". */
export interface Route {
  readonly page: string;
  readonly query: string;
}

function read(): Route {
  const [, page = "", query = ""] = /^#\/([^?]*)(?:\?(.*))?$/.exec(location.hash) ?? [];
  return { page, query };
}

/** Where the reader is. */
export const route: Signal<Route> = signal(read());
addEventListener("hashchange", () => (route.value = read()));

/** The address of a page of the site, for links. */
export function addressOf(page: string, query = ""): string {
  return `#/${page}${query === "" ? "" : `?${query}`}`;
}

/** Puts a page's state into the address; the way back leads to the page before, not to every state. */
export function replaceQuery(query: string): void {
  const { page } = route.value;
  history.replaceState(history.state, "", addressOf(page, query));
  route.value = { page, query };
}

/**
 * Gives the query of the address to a page whenever it changes, by a link or the way back. It is the address's own at that time: the page may
 * have written another one since it was drawn, and what it was then would undo that.
 */
export function useQuery(take: (query: string) => void): void {
  const { query } = route.value;
  useEffect(() => take(route.peek().query), [query]);
}
