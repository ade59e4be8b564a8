const GUARD = "residua-isolated";

/** Whether a reload was tried in this tab; a page that may keep nothing counts as one, so that it never reloads in a circle. */
function wasReloaded(): boolean {
  try {
    const before = sessionStorage.getItem(GUARD) !== null;
    sessionStorage.setItem(GUARD, "tried");
    return before;
  } catch {
    return true;
  }
}

/** `residua studio` isolates the page itself and is there when the page is: nothing is kept of it, as its port may be another's next. */
const isOwnServer = (): boolean =>
  globalThis.crossOriginIsolated && ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);

/**
 * Registers the service worker, which keeps the site for visits without a network and isolates its pages. A page that is not
 * isolated yet is loaded once more, unless its reader is busy already; where this is not possible, one thread computes.
 *
 * @param isBusy whether a reload would lose work
 */
export async function registerServiceWorker(isBusy: () => boolean): Promise<void> {
  // Private windows of some browsers have none.
  if (isOwnServer() || !globalThis.isSecureContext || navigator.serviceWorker === undefined) return;
  try {
    await navigator.serviceWorker.register(new URL("service-worker.js", document.baseURI));
    await navigator.serviceWorker.ready;
  } catch {
    return;
  }
  if (!globalThis.crossOriginIsolated && !isBusy() && !wasReloaded()) location.reload();
}
