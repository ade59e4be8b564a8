// Keeps the site for visits without a network, and isolates its pages on hosts that send no headers, so that ONNX Runtime may
// use threads.

/** The parts of a service worker's scope that are used; they are not in the DOM's types. */
interface Scope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(
    kind: "install" | "activate",
    listen: (event: { waitUntil(work: Promise<unknown>): void }) => void,
  ): void;
  addEventListener(
    kind: "fetch",
    listen: (event: { readonly request: Request; respondWith(answer: Promise<Response>): void }) => void,
  ): void;
}

const worker = globalThis as unknown as Scope;

/** The build puts the list of the site's files in the place of this text. */
const { version, files } = JSON.parse("SITE") as { readonly version: string; readonly files: readonly string[] };

const { scope } = worker.registration;
const prefix = `residua-studio ${scope} `;
const name = prefix + version;

/** Big files that are kept once they were used. */
const keptOnceUsed = ["ort/", "models/"].map((folder) => new URL(folder, scope).href);

const isolating = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

function isolate(response: Response): Response {
  if (response.status === 0 || response.type === "opaqueredirect") return response;
  const headers = new Headers(response.headers);
  for (const [header, value] of Object.entries(isolating)) headers.set(header, value);
  const { status, statusText } = response;
  return new Response(status === 204 || status === 304 ? null : response.body, { status, statusText, headers });
}

/** A page comes from the network if there is one, so that a new version of the site is seen at once. */
async function answerPage(request: Request, cache: Cache): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const known =
      (await cache.match(request, { ignoreSearch: true })) ?? (await cache.match(new URL("index.html", scope)));
    if (known === undefined) throw error;
    return known;
  }
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(name);
  if (request.mode === "navigate") return isolate(await answerPage(request, cache));
  const known = await cache.match(request);
  if (known !== undefined) return isolate(known);
  const response = await fetch(request);
  if (response.status === 200 && keptOnceUsed.some((folder) => request.url.startsWith(folder)))
    // No room left: the file is fetched anew the next time.
    await cache.put(request, response.clone()).catch(() => undefined);
  return isolate(response);
}

worker.addEventListener("install", (event) => {
  const fill = async (): Promise<void> => {
    const cache = await caches.open(name);
    await cache.addAll(files.map((file) => new Request(new URL(file, scope), { cache: "reload" })));
    await worker.skipWaiting();
  };
  event.waitUntil(fill());
});

worker.addEventListener("activate", (event) => {
  const takeOver = async (): Promise<void> => {
    const old = (await caches.keys()).filter((each) => each.startsWith(prefix) && each !== name);
    await Promise.all(old.map((each) => caches.delete(each)));
    await worker.clients.claim();
  };
  event.waitUntil(takeOver());
});

worker.addEventListener("fetch", (event) => {
  if (event.request.method === "GET" && event.request.url.startsWith(scope)) event.respondWith(answer(event.request));
});
