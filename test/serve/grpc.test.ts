import { readFile, writeFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type ChannelCredentials,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { expect, onTestFinished, test } from "vitest";
import { createKey } from "../../src/serve/node/policy/keys.ts";
import { createClient } from "../../src/serve/web/client.ts";
import { makeCertificate } from "../support/certificates.ts";
import {
  networkBytes,
  samplesFor,
  serveInTest,
  smallCard,
  testFolder,
  type TestServer,
  writeFiles,
} from "../support/serving.ts";

// Calls by grpc-js, an implementation of its own, from the protocol's own description of its messages.

const proto = fileURLToPath(new URL("../support/open-inference.proto", import.meta.url));
const { inference } = loadPackageDefinition(loadSync(proto, { keepCase: true })) as unknown as {
  readonly inference: { readonly GRPCInferenceService: ServiceClientConstructor };
};

type Answer = Readonly<Record<string, any>>;
type Ask = (call: string, request: object, headers?: Readonly<Record<string, string>>) => Promise<Answer>;

function askerOf(server: TestServer, index = 0, how: ChannelCredentials = credentials.createInsecure()): Ask {
  const { host } = new URL(server.addresses[index]);
  const client = new inference.GRPCInferenceService(host, how);
  onTestFinished(() => client.close());
  return (call, request, headers = {}) => {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return new Promise((resolve, reject) => {
      const method = client[call] as (...own: readonly unknown[]) => unknown;
      method.call(client, request, metadata, (error: Error | null, answer: Answer) =>
        error === null ? resolve(answer) : reject(error),
      );
    });
  };
}

const place = { address: "127.0.0.1", port: 0 };
async function serve(policy: object, names: readonly string[] = ["small"]): Promise<TestServer> {
  const folder = await testFolder();
  await writeFiles(folder, Object.fromEntries(names.map((name) => [`${name}.onnx`, networkBytes(smallCard)])));
  const path = join(folder, "policy.json");
  const base = { listen: [{ ...place, protocol: "grpc" }, place], network: { allow: ["127.0.0.0/8"] } };
  await writeFile(path, JSON.stringify({ ...base, ...policy }));
  return serveInTest({ sources: names.map((name) => join(folder, `${name}.onnx`)), policy: path });
}

const images = samplesFor(smallCard, 2);
const bytes = Buffer.from(images.data.buffer, images.data.byteOffset, images.data.byteLength);
const input = { name: "images", datatype: "FP32", shape: images.shape };
const inferRaw = { model_name: "small", inputs: [input], raw_input_contents: [bytes] };

test("every call of the service answers what HTTP answers", async () => {
  const server = await serve({});
  const ask = askerOf(server);
  expect(await ask("ServerLive", {})).toEqual({ live: true });
  expect(await ask("ServerReady", {})).toEqual({ ready: true });
  expect(await ask("ServerMetadata", {})).toMatchObject({
    name: "residua",
    extensions: expect.arrayContaining(["statistics"]),
  });
  expect(await ask("ModelReady", { name: "small" })).toEqual({ ready: true });
  const metadata = await ask("ModelMetadata", { name: "small", version: "1" });
  expect(metadata).toMatchObject({ name: "small", versions: ["1"], platform: "onnx_onnxv1" });
  expect(metadata["inputs"][0].shape.map(Number)).toEqual([-1, 3, 16, 16]);

  const { scores } = await createClient(server.addresses[1]).infer("small", { images });
  const expected = Buffer.from(scores.data.buffer, scores.data.byteOffset, scores.data.byteLength);
  const raw = await ask("ModelInfer", { ...inferRaw, id: "a b" });
  expect(raw).toMatchObject({ model_name: "small", model_version: "1", id: "a b" });
  expect(raw["outputs"][0]).toMatchObject({ name: "scores", datatype: "FP32" });
  expect(raw["raw_output_contents"][0].equals(expected)).toBe(true);
  const typed = { ...input, contents: { fp32_contents: Array.from(images.data as Float32Array) } };
  const other = await ask("ModelInfer", { model_name: "small", inputs: [typed] });
  expect(other["raw_output_contents"][0].equals(expected)).toBe(true);
  const wanted = { name: "scores", parameters: { classification: { int64_param: 1 } } };
  const classes = await ask("ModelInfer", { ...inferRaw, outputs: [wanted] });
  expect(classes["outputs"][0].datatype).toBe("BYTES");
  expect(classes["raw_output_contents"][0].toString("latin1")).toMatch(/:\d:(left|right|top)/);
  expect(server.budget.used()).toBe(0);
});

test("what is wrong is told with a code and a sentence", async () => {
  const ask = askerOf(await serve({ limits: { bodyBytes: 65_536 } }));
  const failing = async (request: object, call = "ModelInfer"): Promise<unknown> =>
    ask(call, request).then(
      () => "answered",
      ({ code, details }: { readonly code: number; readonly details: string }) => [code, details],
    );
  const told = (code: number, sentence: string): unknown => [code, expect.stringContaining(sentence)];
  expect(await failing({ ...inferRaw, model_name: "none" })).toEqual(told(status.NOT_FOUND, '"none" is not served'));
  expect(await failing({ ...inferRaw, raw_input_contents: [] })).toEqual(told(status.INVALID_ARGUMENT, "elements"));
  expect(await failing({ ...inferRaw, raw_input_contents: [bytes, bytes] })).toEqual(
    told(status.INVALID_ARGUMENT, "must have 1 entries"),
  );
  expect(
    await failing({ ...inferRaw, inputs: [{ ...input, shape: [9e15, 3, 16, 16] }], raw_input_contents: [] }),
  ).toEqual(told(status.INVALID_ARGUMENT, "is no shape"));
  expect(await failing({ ...inferRaw, inputs: [{ ...input, datatype: "FP64" }] })).toEqual(
    told(status.INVALID_ARGUMENT, "must be FP32"),
  );
  expect(await failing({ ...inferRaw, raw_input_contents: [Buffer.alloc(100_000)] })).toEqual(
    told(status.RESOURCE_EXHAUSTED, "must have at most"),
  );
  expect(await failing({}, "ModelTrain")).toEqual(told(status.UNIMPLEMENTED, "is no call"));
  expect(await failing({ name: "none" }, "ModelReady")).toEqual(told(status.NOT_FOUND, '"none" is not served'));
});

test("the policy holds: keys, models, rates, proxies' addresses, the audit log", async () => {
  const [ward, slow] = [createKey(), createKey()];
  const file = join(await testFolder(), "audit.jsonl");
  const server = await serve(
    {
      network: { allow: ["127.0.0.1", "10.0.0.0/8"], deny: ["10.9.0.0/16"], trustedProxies: ["127.0.0.1"] },
      clients: [
        { name: "ward", keyHash: ward.keyHash, models: ["small"], verbs: ["infer"] },
        { name: "slow", keyHash: slow.keyHash, rate: { perSecond: 0.01, burst: 1 } },
      ],
      audit: { file },
    },
    ["small", "other"],
  );
  const ask = askerOf(server);
  const codeOf = (call: string, request: object, headers: Record<string, string> = {}): Promise<number> =>
    ask(call, request, headers).then(
      () => status.OK,
      ({ code }: { readonly code: number }) => code,
    );
  const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
  const { key } = ward;
  expect(await codeOf("ServerLive", {})).toBe(status.OK);
  expect(await codeOf("ModelInfer", inferRaw)).toBe(status.UNAUTHENTICATED);
  expect(await codeOf("ModelInfer", inferRaw, bearer(key))).toBe(status.OK);
  expect(await codeOf("ModelInfer", inferRaw, { "x-api-key": key })).toBe(status.OK);
  expect(await codeOf("ModelInfer", { ...inferRaw, model_name: "other" }, bearer(key))).toBe(status.NOT_FOUND);
  expect(await codeOf("ModelMetadata", { name: "small" }, bearer(key))).toBe(status.PERMISSION_DENIED);
  const from = (address: string): Record<string, string> => ({ ...bearer(key), "x-forwarded-for": address });
  expect(await codeOf("ModelInfer", inferRaw, from("10.1.2.3"))).toBe(status.OK);
  expect(await codeOf("ModelInfer", inferRaw, from("10.9.2.3"))).toBe(status.PERMISSION_DENIED);
  expect(await codeOf("ModelInfer", inferRaw, bearer(slow.key))).toBe(status.OK);
  expect(await codeOf("ModelInfer", inferRaw, bearer(slow.key))).toBe(status.RESOURCE_EXHAUSTED);
  await server.close();
  const lines = (await readFile(file, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    // Without the marks of start and end.
    .filter(({ entry }) => "status" in entry);
  expect(lines.map(({ entry: { status: own, client, model } }) => [own, client, model])).toEqual([
    [401, null, null],
    [200, "ward", "small"],
    [200, "ward", "small"],
    [404, "ward", "other"],
    [403, "ward", "small"],
    [200, "ward", "small"],
    [403, null, null],
    [200, "slow", "small"],
    [429, "slow", "small"],
  ]);
});

test("over TLS it speaks HTTP/2; what is neither is closed and counted", async () => {
  const tls = makeCertificate(await testFolder(), "own");
  const server = await serve({ listen: [{ ...place, protocol: "grpc", tls }] });
  expect(server.addresses[0]).toMatch(/^grpcs:/);
  const { host, port } = new URL(server.addresses[0]);
  const authority = credentials.createSsl(await readFile(tls.cert));
  const client = new inference.GRPCInferenceService(host, authority, {
    "grpc.ssl_target_name_override": "localhost",
    "grpc.default_authority": "localhost",
  });
  onTestFinished(() => client.close());
  const live = await new Promise((resolve, reject) => {
    client["ServerLive"]({}, (error: Error | null, answer: unknown) =>
      error === null ? resolve(answer) : reject(error),
    );
  });
  expect(live).toEqual({ live: true });
  await new Promise((resolve) => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.on("error", () => undefined).on("close", resolve);
    socket.write("PRI * HTTP/2.0\r\n\r\n");
  });
  expect(server.metrics.value("residua_connections_failed_total", { reason: "tls" })).toBe(1);
});

test("a message that never ends is bounded in bytes and in time, and gives its bytes back", async () => {
  const server = await serve({
    limits: { bodyBytes: 262_144, totalBytes: 524_288, requestTimeoutMs: 1500, headersTimeoutMs: 500 },
  });
  const session = connectHttp2(server.addresses[0].replace("grpc", "http"));
  onTestFinished(() => session.destroy());
  const open = (): Promise<string> =>
    new Promise((resolve) => {
      const stream = session.request({
        ":method": "POST",
        ":path": "/inference.GRPCInferenceService/ModelInfer",
        "content-type": "application/grpc",
      });
      let code = "closed";
      stream.on("response", (headers) => (code = String(headers["grpc-status"])));
      stream.on("error", () => undefined).on("close", () => resolve(code));
      stream.write(Buffer.alloc(200_000));
    });
  const codes = await Promise.all(Array.from({ length: 6 }, open));
  // Some find the server's budget used up, the others take too long.
  expect(codes).toContain(String(status.UNAVAILABLE));
  expect(codes.filter((code) => code === "0")).toEqual([]);
  await expect.poll(() => server.budget.used(), { timeout: 10_000 }).toBe(0);
  const idle = connect(Number(new URL(server.addresses[0]).port), "127.0.0.1");
  await new Promise((resolve) => void idle.on("error", () => undefined).on("close", resolve));
});
