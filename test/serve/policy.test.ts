import { execFileSync } from "node:child_process";
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeKeyPair, sealArtefact, signArtefact } from "../../src/artifacts/node/index.ts";
import { createKey } from "../../src/serve/node/policy/keys.ts";
import {
  binaryRequest,
  networkBytes,
  samplesFor,
  serveInTest,
  serveUntilClosed,
  slowCard,
  smallCard,
  testFolder,
  type TestServer,
  writeFiles,
} from "../support/serving.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-policy-"));
  await writeFiles(folder, {
    "models/small.onnx": networkBytes(smallCard),
    "models/other.onnx": networkBytes(smallCard, 2),
    "models/slow.onnx": networkBytes(slowCard),
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const listen = [{ address: "127.0.0.1", port: 0 }];
const network = { allow: ["127.0.0.0/8"] };
const models = (...names: readonly string[]): readonly string[] =>
  names.map((name) => join(folder, "models", `${name}.onnx`));

async function writePolicy(policy: object): Promise<string> {
  const path = join(await testFolder(), "policy.json");
  await writeFile(path, JSON.stringify({ listen, network, ...policy }));
  return path;
}

/** A server under a policy, for one test. */
const serve = async (policy: object, sources: readonly string[] = models("small")): Promise<TestServer> =>
  serveInTest({ sources, policy: await writePolicy(policy) });

const input = binaryRequest({ images: samplesFor(smallCard, 1) });
const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
const infer = (url: string, headers: Record<string, string> = {}, model = "small"): Promise<Response> =>
  fetch(`${url}/v2/models/${model}/infer`, { ...input, headers: { ...input.headers, ...headers } });
const errorOf = async (response: Response): Promise<unknown> => [
  response.status,
  ((await response.json()) as { readonly error: string }).error,
];

describe("keys", () => {
  const ward = createKey();
  const next = createKey();
  const lab = createKey();
  let server: TestServer;
  beforeAll(async () => {
    const path = join(folder, "keys.json");
    const clients = [
      { name: "ward", keyHash: [ward.keyHash, next.keyHash], models: ["sm*"], verbs: ["infer"] },
      { name: "lab", keyHash: lab.keyHash },
    ];
    await writeFile(path, JSON.stringify({ listen, network, clients }));
    server = await serveUntilClosed({ sources: models("small", "other"), policy: path, allowRepository: true });
  });
  afterAll(() => server.close());

  test("are asked for, in either header; the old and the new one hold while they change", async () => {
    const refused = await infer(server.url);
    expect(refused.headers.get("www-authenticate")).toBe("Bearer");
    expect(await errorOf(refused)).toEqual([401, expect.stringContaining("Authorization: Bearer KEY")]);
    expect((await infer(server.url, bearer(`${ward.key}x`))).status).toBe(401);
    expect((await infer(server.url, bearer(ward.key))).status).toBe(200);
    expect((await infer(server.url, bearer(next.key))).status).toBe(200);
    expect((await infer(server.url, { "x-api-key": ward.key })).status).toBe(200);
  });

  test("that may not use a model get the answer of one that is not there", async () => {
    const hidden = await errorOf(await infer(server.url, bearer(ward.key), "other"));
    const missing = await errorOf(await infer(server.url, bearer(ward.key), "absent"));
    expect(hidden).toEqual([404, (missing as [number, string])[1].replace("absent", "other")]);
    const known = await fetch(`${server.url}/v2/models/absent`, { headers: bearer(lab.key) });
    expect(await errorOf(known)).toEqual(missing);
    const version = await fetch(`${server.url}/v2/models/other/versions/1/infer`, {
      ...input,
      headers: { ...input.headers, ...bearer(ward.key) },
    });
    expect(await errorOf(version)).toEqual([404, expect.stringContaining('"other" of version "1" is not served')]);
  });

  test("see only their models in index and statistics", async () => {
    const names = async (path: string, method: string, key: string): Promise<readonly string[]> => {
      const response = await fetch(server.url + path, { method, headers: bearer(key) });
      const found = (await response.json()) as { readonly model_stats?: readonly { name: string }[] };
      return (found.model_stats ?? (found as unknown as readonly { name: string }[])).map(({ name }) => name);
    };
    expect(await names("/v2/repository/index", "POST", lab.key)).toEqual(["small", "other"]);
    expect(await names("/v2/models/stats", "GET", lab.key)).toEqual(["small", "other"]);
    const path = join(folder, "narrow.json");
    const narrow = { name: "ward", keyHash: ward.keyHash, models: ["small"] };
    await writeFile(path, JSON.stringify({ listen, network, clients: [narrow] }));
    const other = await serveUntilClosed({ sources: models("small", "other"), policy: path });
    try {
      for (const [address, method] of [
        ["/v2/repository/index", "POST"],
        ["/v2/models/stats", "GET"],
      ] as const) {
        const response = await fetch(other.url + address, { method, headers: bearer(ward.key) });
        expect(await response.text()).not.toContain("other");
      }
    } finally {
      await other.close();
    }
  });

  test("read of no other model in the server's description, and of no operation that they may not use", async () => {
    const readDescription = async (key?: string): Promise<Response> =>
      fetch(`${server.url}/v2/openapi.json`, key === undefined ? {} : { headers: bearer(key) });
    expect((await readDescription()).status).toBe(401);
    expect((await readDescription(ward.key)).status).toBe(403);
    const whole = await (await readDescription(lab.key)).text();
    expect(JSON.parse(whole)).toMatchObject({ openapi: "3.1.0", security: [{ bearer: [] }, { header: [] }] });
    expect(whole).toContain('{"enum":["small","other"]}');
    expect(whole).not.toContain("/load");
    const path = join(folder, "described.json");
    const clients = [{ name: "ward", keyHash: ward.keyHash, models: ["small"], verbs: ["metadata", "repository"] }];
    await writeFile(path, JSON.stringify({ listen, network, clients }));
    const own = await serveUntilClosed({ sources: models("small", "other"), policy: path, allowRepository: true });
    try {
      const text = await (await fetch(`${own.url}/v2/openapi.json`, { headers: bearer(ward.key) })).text();
      expect(text).toContain('{"enum":["small"]}');
      expect(text).not.toContain('"other"');
      expect(text).toContain("/v2/repository/models/{model}/load");
    } finally {
      await own.close();
    }
  });

  test("may do what their verbs say", async () => {
    const metadata = await fetch(`${server.url}/v2/models/small`, { headers: bearer(ward.key) });
    expect(await errorOf(metadata)).toEqual([403, "key: may not metadata; its policy says what it may"]);
    const unload = await fetch(`${server.url}/v2/repository/models/small/unload`, {
      method: "POST",
      headers: bearer(lab.key),
    });
    expect((await errorOf(unload)) as unknown[]).toContain(403);
  });

  test("are not needed to ask whether the server lives", async () => {
    expect((await fetch(`${server.url}/v2/health/live`)).status).toBe(200);
  });
});

test("rates and places are limited per key: 429, and when to come back", async () => {
  const { key, keyHash } = createKey();
  const clients = [{ name: "fast", keyHash, rate: { perSecond: 0.01, burst: 3 } }];
  const { url } = await serve({ clients });
  const answers = [];
  for (let index = 0; index < 5; index++) answers.push(await infer(url, bearer(key)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
  expect(Number(answers[4].headers.get("retry-after"))).toBeGreaterThan(50);
  expect(await errorOf(answers[4])).toEqual([429, expect.stringContaining("asks too often; try again after")]);
});

test("a client has only so many requests under way", async () => {
  const { key, keyHash } = createKey();
  const { url } = await serve({ clients: [{ name: "one", keyHash, maxConcurrent: 1 }] }, models("slow"));
  const slow = binaryRequest({ images: samplesFor(slowCard, 8) });
  const inferSlow = (): Promise<Response> =>
    fetch(`${url}/v2/models/slow/infer`, { ...slow, headers: { ...slow.headers, ...bearer(key) } });
  const statuses = (await Promise.all([inferSlow(), inferSlow(), inferSlow()]))
    .map(({ status }) => status)
    .toSorted((a, b) => a - b);
  expect(statuses).toEqual([200, 429, 429]);
  expect((await inferSlow()).status).toBe(200);
});

test("a key counts only from where its client may be", async () => {
  const [near, far] = [createKey(), createKey()];
  const clients = [
    { name: "near", keyHash: near.keyHash, from: ["127.0.0.1"] },
    { name: "far", keyHash: far.keyHash, from: ["10.3.0.0/16"] },
  ];
  const { url } = await serve({ clients });
  expect((await infer(url, bearer(near.key))).status).toBe(200);
  expect(await errorOf(await infer(url, bearer(far.key)))).toEqual([403, "address: may not use this key"]);
});

/** A request with headers that `fetch` does not let one set. */
function ask(url: string, headers: Record<string, string>, path = "/v2"): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url + path, { headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => (text += piece));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on("error", reject).end();
  });
}

test("hosts that are not the server's are refused, and pages of origins that the policy does not name", async () => {
  const { url } = await serve({ hosts: ["model.example"], cors: ["https://good.example"] });
  expect((await ask(url, { host: "model.example:80" })).status).toBe(200);
  expect(await ask(url, { host: "evil.example" })).toMatchObject({
    status: 403,
    text: expect.stringContaining("Host: is not a name of this server"),
  });
  expect(await ask(url, { origin: "https://evil.example" })).toMatchObject({
    status: 403,
    text: expect.stringContaining("Origin: may not use this server"),
  });
  const good = await fetch(`${url}/v2`, { headers: { origin: "https://good.example" } });
  expect([good.status, good.headers.get("access-control-allow-origin")]).toEqual([200, "https://good.example"]);
  const preflight = (origin: string): Promise<Response> =>
    fetch(`${url}/v2/models/small/infer`, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
  const allowed = await preflight("https://good.example");
  expect([allowed.status, allowed.headers.get("access-control-allow-methods")]).toEqual([204, "GET, POST"]);
  expect((await preflight("https://evil.example")).status).toBe(403);
});

describe("addresses", () => {
  test("of clients behind trusted proxies are judged as if they had come themselves", async () => {
    const { url } = await serve({
      network: { allow: ["127.0.0.1", "10.3.0.0/16"], deny: ["10.3.9.0/24"], trustedProxies: ["127.0.0.1"] },
    });
    const from = async (forwarded: string): Promise<number> =>
      (await ask(url, { "x-forwarded-for": forwarded })).status;
    expect(await from("10.3.0.7")).toBe(200);
    expect(await from("10.3.9.7")).toBe(403);
    expect(await from("8.8.8.8")).toBe(403);
    // What a client writes itself stands to the left of what the proxy saw.
    expect(await from("10.3.0.7, 8.8.8.8")).toBe(403);
    expect(await from("nonsense")).toBe(400);
  });

  test("that are forwarded by anybody else count for nothing", async () => {
    const { url } = await serve({ network: { allow: ["127.0.0.1"], deny: ["10.3.9.0/24"] } });
    expect((await ask(url, { "x-forwarded-for": "10.3.9.7" })).status).toBe(200);
  });

  test("that are denied are closed before a byte is read, and counted", async () => {
    const server = await serve({ network: { allow: ["127.0.0.0/8"], deny: ["127.0.0.1"] } });
    const port = Number(new URL(server.url).port);
    const received = await new Promise<number>((resolve) => {
      let bytes = 0;
      const socket = connect(port, "127.0.0.1");
      socket.on("data", (piece) => (bytes += piece.length));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(bytes));
      socket.write("GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    });
    expect(received).toBe(0);
    expect(server.metrics.value("residua_connections_refused_total", { reason: "address" })).toBe(1);
    // Nothing was parsed: no request was counted, good or bad.
    expect(server.metrics.tell([])).not.toContain("residua_http_requests_total");
  });
});

describe("a reload", () => {
  test("takes a new policy whole, and of a faulty one nothing", async () => {
    const [old, fresh] = [createKey(), createKey()];
    const path = await writePolicy({ clients: [{ name: "a", keyHash: old.keyHash }] });
    const server = await serveInTest({ sources: models("small"), policy: path });
    const write = (policy: object): Promise<void> => writeFile(path, JSON.stringify({ listen, network, ...policy }));

    await write({ clients: [{ name: "a", keyHash: fresh.keyHash, unknown: 1 }] });
    expect(await server.reload()).toBe(false);
    await writeFile(path, "{");
    expect(await server.reload()).toBe(false);
    await write({ network: { allow: ["10.0.0.0/33"] } });
    expect(await server.reload()).toBe(false);
    await write({ clients: [{ name: "a", keyHash: fresh.keyHash }], limits: { totalBytes: 1 } });
    expect(await server.reload()).toBe(false);
    await write({ clients: [{ name: "a", keyHash: fresh.keyHash }], listen: [{ address: "127.0.0.1", port: 1 }] });
    expect(await server.reload()).toBe(false);
    expect((await infer(server.url, bearer(old.key))).status).toBe(200);
    expect((await infer(server.url, bearer(fresh.key))).status).toBe(401);
    const told = server.events.flatMap((event) => (event.kind === "not-reloaded" ? [event.error.message] : []));
    expect(told.map((text) => text.replace(path, "POLICY"))).toEqual([
      expect.stringContaining("clients.0.unknown"),
      expect.stringContaining("is not valid JSON"),
      expect.stringContaining("network.allow[0]"),
      expect.stringContaining("limits.totalBytes: was changed"),
      expect.stringContaining("listen: was changed"),
    ]);

    await write({ clients: [{ name: "a", keyHash: fresh.keyHash }] });
    expect(await server.reload()).toBe(true);
    expect((await infer(server.url, bearer(old.key))).status).toBe(401);
    expect((await infer(server.url, bearer(fresh.key))).status).toBe(200);
  });
});

/** Certificates that openssl makes; every Linux and macOS has it. */
function makeCertificates(at: string): void {
  const openssl = (...options: readonly string[]): void =>
    void execFileSync("openssl", options as string[], { cwd: at, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const authority = (name: string): void =>
    openssl(
      "req",
      "-x509",
      ...key,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
      "-days",
      "9",
      "-subj",
      `/CN=${name}`,
    );
  authority("ca");
  authority("stranger");
  for (const [name, ca] of [
    ["server", "ca"],
    ["ward", "ca"],
    ["imposter", "stranger"],
  ]) {
    const subject = name === "imposter" ? "/CN=ward" : `/CN=${name === "server" ? "localhost" : name}`;
    openssl("req", ...key, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", subject);
    const from = ["-in", `${name}.csr`, "-CA", `${ca}.pem`, "-CAkey", `${ca}.key`, "-CAcreateserial", "-days", "9"];
    openssl("x509", "-req", ...from, "-out", `${name}.pem`);
  }
}

describe("TLS", () => {
  let at: string;
  beforeAll(async () => {
    at = await mkdtemp(join(tmpdir(), "residua-tls-"));
    makeCertificates(at);
    for (const name of ["server", "ward", "imposter", "stranger"]) await chmod(join(at, `${name}.key`), 0o600);
  });
  afterAll(() => rm(at, { recursive: true, force: true }));
  const file = (name: string): string => join(at, name);

  /** The status of an answer over TLS, with a client's certificate if one is named. */
  const askTls = async (url: string, name?: string, more: Record<string, string> = {}): Promise<number> => {
    const own =
      name === undefined ? {} : { cert: await readFile(file(`${name}.pem`)), key: await readFile(file(`${name}.key`)) };
    const ca = await readFile(file("ca.pem"));
    return new Promise((resolve, reject) => {
      const options = {
        ca,
        servername: "localhost",
        agent: false as const,
        // By its authority alone: one test renews it under another name.
        checkServerIdentity: () => undefined,
        headers: { host: "localhost", ...more },
        ...own,
      };
      const request = httpsRequest(`${url}/v2`, options, (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode ?? 0));
      });
      request.on("error", reject).end();
    });
  };
  /** The name in the certificate that a server shows. */
  const subject = (url: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connectTls({ port: Number(new URL(url).port), rejectUnauthorized: false }, () => {
        const name = String(socket.getPeerCertificate().subject.CN);
        // Only then has the server ended its part, and has nothing left to count.
        socket.once("close", () => resolve(name)).end();
      });
      socket.resume();
      socket.on("error", reject);
    });
  const policyWith = (tls: object, clients: readonly object[]): object => ({
    listen: [{ address: "127.0.0.1", port: 0, tls }],
    clients,
  });

  test("names a client by its certificate, if its authority is the policy's", async () => {
    const tls = { cert: file("server.pem"), key: file("server.key"), clientCa: file("ca.pem") };
    const { url } = await serve(policyWith(tls, [{ name: "w", certificate: "ward" }]));
    expect(url).toMatch(/^https:/);
    expect(await askTls(url, "ward")).toBe(200);
    expect(await askTls(url)).toBe(401);
    expect(await askTls(url, "imposter")).toBe(401);
  });

  test("takes a renewed certificate without a new start, and counts what speaks no TLS", async () => {
    const own = await testFolder();
    const { keyHash } = createKey();
    for (const ending of ["pem", "key"]) await copyFile(file(`server.${ending}`), join(own, `own.${ending}`));
    const tls = { cert: join(own, "own.pem"), key: join(own, "own.key") };
    const server = await serve(policyWith(tls, [{ name: "w", keyHash }]));
    expect(await subject(server.url)).toBe("localhost");
    for (const ending of ["pem", "key"]) await copyFile(file(`ward.${ending}`), join(own, `own.${ending}`));
    expect(await server.reload()).toBe(true);
    expect(await subject(server.url)).toBe("ward");
    const failed = (): number => server.metrics.value("residua_connections_failed_total", { reason: "tls" });
    const before = failed();
    await new Promise((resolve) => {
      const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
      socket.on("error", () => undefined).on("close", resolve);
      socket.write("GET / HTTP/1.1\r\n\r\n");
    });
    expect(failed()).toBe(before + 1);
  });

  test("keeps the certificate that it has when the renewed one is faulty, and says why", async () => {
    const own = await testFolder();
    const [cert, key] = [join(own, "own.pem"), join(own, "own.key")];
    const put = async (name: string, keyName = name): Promise<void> => {
      await copyFile(file(`${name}.pem`), cert);
      await copyFile(file(`${keyName}.key`), key);
    };
    await put("server");
    const [old, fresh] = [createKey(), createKey()];
    const policy = (keyHash: string): object => ({
      listen: [{ address: "127.0.0.1", port: 0, tls: { cert, key } }],
      network,
      clients: [{ name: "w", keyHash }],
    });
    const path = await writePolicy(policy(old.keyHash));
    const server = await serveInTest({ sources: models("small"), policy: path });
    await writeFile(path, JSON.stringify(policy(fresh.keyHash)));
    const askBearing = (bearing: string): Promise<number> => askTls(server.url, undefined, bearer(bearing));

    await put("ward", "server");
    expect(await server.reload()).toBe(false);
    await writeFile(key, "no key");
    expect(await server.reload()).toBe(false);
    await put("ward");
    await chmod(key, 0o644);
    expect(await server.reload()).toBe(false);
    await rm(key);
    expect(await server.reload()).toBe(false);
    expect(await subject(server.url)).toBe("localhost");
    expect([await askBearing(old.key), await askBearing(fresh.key)]).toEqual([200, 401]);
    expect(server.metrics.value("residua_policy_reloads_total", { result: "refused" })).toBe(4);
    const told = server.events.flatMap((event) => (event.kind === "not-reloaded" ? [event.error.message] : []));
    expect(told).toEqual([
      expect.stringContaining("listen[0].tls: "),
      expect.stringContaining("are no certificate and its key in PEM form"),
      expect.stringContaining("can be read by others"),
      expect.stringContaining("own.key: cannot read"),
    ]);

    await put("ward");
    expect(await server.reload()).toBe(true);
    expect(await subject(server.url)).toBe("ward");
    expect([await askBearing(old.key), await askBearing(fresh.key)]).toEqual([401, 200]);
  });

  test("with an expired certificate, or a key that others may read, starts nothing", async () => {
    const own = await testFolder();
    await copyFile(file("server.key"), join(own, "open.key"));
    await chmod(join(own, "open.key"), 0o644);
    const open = policyWith({ cert: file("server.pem"), key: join(own, "open.key") }, []);
    await expect(serve(open)).rejects.toThrow("can be read by others; make it yours alone with chmod 600");
    const from = ["-in", file("server.csr"), "-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial"];
    execFileSync("openssl", ["x509", "-req", ...from, "-days", "-1", "-out", join(own, "old.pem")], { stdio: "pipe" });
    await expect(serve(policyWith({ cert: join(own, "old.pem"), key: file("server.key") }, []))).rejects.toThrow(
      /expired on \d{4}-\d\d-\d\d; renew it/,
    );
  });
});

test("a Unix socket takes requests, with the mode that the policy gives it", async () => {
  const path = join(await testFolder(), "residua.sock");
  await serve({ listen: [{ path, mode: "0600" }] });
  const status = await new Promise((resolve, reject) => {
    httpRequest({ socketPath: path, path: "/v2", headers: { host: "localhost" } }, (response) =>
      resolve(response.statusCode),
    )
      .on("error", reject)
      .end();
  });
  expect(status).toBe(200);
});

describe("a policy that would be unsafe starts nothing:", () => {
  const { keyHash } = createKey();
  const clients = [{ name: "a", keyHash }];
  const everywhere = { address: "0.0.0.0", port: 0 };
  test.each<readonly [what: string, policy: object, sentence: string]>([
    ["a listener for others without clients", { listen: [everywhere] }, "clients must name who may ask"],
    ["keys in the clear", { listen: [everywhere], clients }, "keys would cross the network in the clear"],
    [
      "proxies alone, of which there are none",
      { listen: [{ ...everywhere, proxiesOnly: true }], clients },
      "lets nobody in",
    ],
    ["two clients of one name", { clients: [...clients, ...clients] }, "is there twice"],
    [
      "two clients of one key",
      { clients: [...clients, { name: "b", keyHash: [keyHash] }] },
      "clients[1].keyHash: is there",
    ],
    [
      "two clients of one certificate",
      { clients: ["a", "b"].map((name) => ({ name, certificate: "ward" })) },
      'clients[1].certificate: "ward" is there twice',
    ],
    [
      "two listeners on one port",
      { listen: [1, 2].map(() => ({ address: "127.0.0.1", port: 8080 })) },
      "listen[1]: 127.0.0.1:8080 is there twice",
    ],
    ["a socket in no folder", { listen: [{ path: "/nowhere/x" }] }, "/nowhere: cannot be written to: there is no such"],
    ["a log in no folder", { audit: { file: "/nowhere/a.jsonl" } }, "/nowhere: cannot be written to: there is no such"],
    ["a log signed by no key", { audit: { file: "a.jsonl", signingKey: "/nowhere.key" } }, "/nowhere.key: cannot read"],
    ["a list for limits", { limits: [] }, "limits must be Object, got Array"],
    ["a client that can never ask", { clients: [{ name: "a" }] }, "give it a keyHash or a certificate"],
    ["signatures without keys to check them", { models: { requireSignature: true } }, "lets no model be served"],
    ["keys that check nothing", { models: { trustedKeys: ["a.pub"] } }, "have no effect without"],
    ["an unknown field of a listener", { listen: [{ ...everywhere, tsl: {} }] }, "listen.0.tsl is not known"],
    ["a field that a socket has not", { listen: [{ path: "/x", port: 1 }] }, "listen.0.port is not known"],
    ["an unknown field", { limits: { bodyByte: 1 } }, "limits.bodyByte"],
    ["no address", { network: { deny: ["10.0.0"] } }, "network.deny[0]"],
  ])("%s", async (_what, policy, sentence) => {
    await expect(serve(policy)).rejects.toThrow(sentence);
  });
});

describe("models", () => {
  test("are served only if a trusted key signed them, and if nothing was changed since", async () => {
    const own = await testFolder();
    await copyFile(models("small")[0], join(own, "small.onnx"));
    const [anna, ben] = [await makeKeyPair(join(own, "anna"), "sign"), await makeKeyPair(join(own, "ben"), "sign")];
    const start = (...keys: readonly string[]): Promise<TestServer> =>
      serve({ models: { requireSignature: true, trustedKeys: keys } }, [join(own, "small.onnx")]);
    await expect(start(anna.public)).rejects.toThrow("small.onnx.sig");
    await signArtefact(join(own, "small.onnx"), { key: ben.secret });
    await expect(start(anna.public)).rejects.toThrow("was signed with key");
    expect((await infer((await start(anna.public, ben.public)).url)).status).toBe(200);
    const changed = await readFile(join(own, "small.onnx"));
    changed[changed.length - 5] ^= 1;
    await writeFile(join(own, "small.onnx"), changed);
    await expect(start(anna.public, ben.public)).rejects.toThrow("was changed after it was signed");
  });

  test("that are sealed are opened into memory, and nothing is written", async () => {
    const own = await testFolder();
    const { readdir } = await import("node:fs/promises");
    const seal = await makeKeyPair(join(own, "keys"), "seal");
    const kept = join(own, "kept");
    await writeFiles(kept, {});
    await sealArtefact(models("small")[0], { recipient: seal.public, out: join(own, "small.onnx.age") });
    const before = await readdir(own);
    await expect(serve({}, [join(own, "small.onnx.age")])).rejects.toThrow("is sealed; name the key");
    const server = await serve({ models: { openKey: seal.secret } }, [join(own, "small.onnx.age")]);
    expect((await infer(server.url)).status).toBe(200);
    expect(await readdir(own)).toEqual(before);
    const sealed = await readFile(join(own, "small.onnx.age"));
    sealed[sealed.length - 5] ^= 1;
    await writeFile(join(own, "small.onnx.age"), sealed);
    await expect(serve({ models: { openKey: seal.secret } }, [join(own, "small.onnx.age")])).rejects.toThrow(
      "was changed or truncated",
    );
  });
});
