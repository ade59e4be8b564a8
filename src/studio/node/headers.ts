/** What every file of the site is answered with: pages isolated for threads, nothing from or for other origins. */
export const siteHeaders: Readonly<Record<string, string>> = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  // The page has the rest of its policy in itself, so that it holds on every host.
  "Content-Security-Policy": "frame-ancestors 'none'",
};
