import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createNodeRuntime } from "../../src/runtime/node.ts";
import { createClient } from "../../src/serve/web/client.ts";
import { float32, type Tensor } from "../../src/tensor/tensor.ts";
import { createCheckedFetch } from "../support/api-check.ts";
import {
  binaryRequest,
  jsonRequest,
  networkBytes,
  samplesFor,
  serveUntilClosed,
  smallCard,
  slowCard,
  type TestServer,
  writeFiles,
} from "../support/serving.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";

// Answers of every endpoint against schemas written from the specification: https://github.com/kserve/open-inference-protocol,
// "Inference Protocol: REST", and from Triton's documents of its extensions.

let folder: string;
let server: TestServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-serve-"));
  await writeFiles(folder, {
    "small/1/model.onnx": networkBytes(smallCard, 1),
    "small/2/model.onnx": networkBytes(smallCard, 2),
    "slow.onnx": networkBytes(slowCard),
  });
  server = await serveUntilClosed({ sources: [folder], allowRepository: true });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Every answer is held against the server's own description. */
const fetch = createCheckedFetch(() => server.url);

const images = samplesFor(smallCard, 2);
const get = async (path: string): Promise<{ readonly status: number; readonly json: unknown }> => {
  const response = await fetch(server.url + path);
  expect(response.headers.get("content-type")).toContain("application/json");
  return { status: response.status, json: await response.json() };
};

const strings = v.array(v.string());
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const types = v.picklist([
  "BOOL",
  "UINT8",
  "UINT16",
  "UINT32",
  "UINT64",
  "INT8",
  "INT16",
  "INT32",
  "INT64",
  "FP16",
  "FP32",
  "FP64",
  "BYTES",
]);
const tensors = v.array(
  v.strictObject({ name: v.string(), datatype: types, shape: v.array(v.pipe(v.number(), v.minValue(-1))) }),
);
const duration = v.strictObject({ count, ns: count });
const statistics = v.strictObject({
  model_stats: v.array(
    v.strictObject({
      name: v.string(),
      version: v.string(),
      last_inference: count,
      inference_count: count,
      execution_count: count,
      inference_stats: v.strictObject({
        success: duration,
        fail: duration,
        queue: duration,
        compute_input: duration,
        compute_infer: duration,
        compute_output: duration,
      }),
      batch_stats: v.array(
        v.strictObject({
          batch_size: count,
          compute_input: duration,
          compute_infer: duration,
          compute_output: duration,
        }),
      ),
    }),
  ),
});
const metadata = v.strictObject({
  name: v.string(),
  versions: strings,
  platform: v.string(),
  inputs: tensors,
  outputs: tensors,
});
const configuration = v.looseObject({
  name: v.literal("small"),
  max_batch_size: count,
  input: v.array(v.strictObject({ name: v.string(), data_type: v.string(), dims: v.array(v.number()) })),
  output: v.array(v.strictObject({ name: v.string(), data_type: v.string(), dims: v.array(v.number()) })),
});
const ready = v.strictObject({ name: v.string(), ready: v.literal(true) });

test.each<readonly [path: string, schema: v.GenericSchema]>([
  ["/v2", v.strictObject({ name: v.string(), version: v.string(), extensions: strings })],
  ["/v2/", v.strictObject({ name: v.string(), version: v.string(), extensions: strings })],
  ["/v2/health/live", v.strictObject({ live: v.literal(true) })],
  ["/v2/health/ready", v.strictObject({ live: v.literal(true), ready: v.literal(true) })],
  ["/v2/models/small", metadata],
  ["/v2/models/small/versions/1", metadata],
  ["/v2/models/small/ready", ready],
  ["/v2/models/small/versions/2/ready", ready],
  ["/v2/models/small/config", configuration],
  ["/v2/models/small/versions/1/config", configuration],
  ["/v2/models/stats", statistics],
  ["/v2/models/small/stats", statistics],
  ["/v2/models/small/versions/1/stats", statistics],
])("GET %s answers as specified", async (path, schema) => {
  const { status, json } = await get(path);
  expect(status).toBe(200);
  expect(v.safeParse(schema, json).issues).toBeUndefined();
});

test("metadata say what the network takes and gives, with a free batch", async () => {
  expect((await get("/v2/models/small")).json).toEqual({
    name: "small",
    versions: ["1", "2"],
    platform: "onnx_onnxv1",
    inputs: [{ name: "images", datatype: "FP32", shape: [-1, 3, 16, 16] }],
    outputs: [{ name: "scores", datatype: "FP32", shape: [-1, 3] }],
  });
});

const infer = (model: string, init: RequestInit): Promise<Response> =>
  fetch(`${server.url}/v2/models/${model}/infer`, init);

/** What ONNX Runtime itself says. */
async function expected(version: 1 | 2, input: Tensor): Promise<Float32Array> {
  const bytes = await readFile(join(folder, `small/${version}/model.onnx`));
  const session = await createNodeRuntime().load(new Uint8Array(bytes), { threads: 1 });
  try {
    const { scores } = await session.run({ images: input });
    return (await scores.read()).data as Float32Array;
  } finally {
    await session.release();
  }
}

describe("inference", () => {
  test.each([
    ["JSON", jsonRequest({ images })],
    ["bytes", binaryRequest({ images })],
    [
      "raw bytes",
      {
        method: "POST",
        body: new Uint8Array(images.data.buffer as ArrayBuffer),
        headers: { "content-type": "application/octet-stream" },
      },
    ],
  ] as const)("of %s gives the bits that the network alone gives", async (_what, request) => {
    const response = await infer("small", request);
    expect(response.status).toBe(200);
    const header = response.headers.get("inference-header-content-length");
    const whole = Buffer.from(await response.arrayBuffer());
    const json = JSON.parse(whole.subarray(0, header === null ? undefined : Number(header)).toString());
    expect(json).toMatchObject({ model_name: "small", model_version: "2" });
    const [output] = json.outputs;
    const got =
      header === null
        ? Float32Array.from(output.data as number[])
        : new Float32Array(new Uint8Array(whole.subarray(Number(header))).buffer);
    expect(output).toMatchObject({ name: "scores", datatype: "FP32", shape: [2, 3] });
    expect(got).toEqual(await expected(2, images));
  });

  test("of a version by its number, with the id and the outputs that were asked for", async () => {
    const wanted = { id: "a b", outputs: [{ name: "scores", parameters: { binary_data: true } }] };
    const response = await fetch(`${server.url}/v2/models/small/versions/1/infer`, jsonRequest({ images }, wanted));
    const length = Number(response.headers.get("inference-header-content-length"));
    const whole = Buffer.from(await response.arrayBuffer());
    expect(JSON.parse(whole.subarray(0, length).toString())).toEqual({
      model_name: "small",
      model_version: "1",
      id: "a b",
      outputs: [{ name: "scores", datatype: "FP32", shape: [2, 3], parameters: { binary_data_size: 24 } }],
    });
    expect(new Float32Array(new Uint8Array(whole.subarray(length)).buffer)).toEqual(await expected(1, images));
  });

  test("of classes names value, index and label, the best first", async () => {
    const wanted = { outputs: [{ name: "scores", parameters: { classification: 2 } }] };
    const { outputs } = (await (await infer("small", jsonRequest({ images }, wanted))).json()) as {
      readonly outputs: readonly { readonly datatype: string; readonly shape: number[]; readonly data: string[] }[];
    };
    expect(outputs[0]).toMatchObject({ datatype: "BYTES", shape: [2, 2] });
    const scores = await expected(2, images);
    const best = [0, 1].flatMap((row) =>
      [0, 1, 2]
        .map((index) => ({ index, value: scores[3 * row + index] }))
        .toSorted((a, b) => b.value - a.value)
        .slice(0, 2)
        .map(({ index, value }) => `${value}:${index}:${smallCard.classes[index]}`),
    );
    expect(outputs[0].data).toEqual(best);
  });

  test("of packed bodies", async () => {
    const { gzipSync, deflateSync } = await import("node:zlib");
    const { body } = jsonRequest({ images });
    for (const [encoding, pack] of [
      ["gzip", gzipSync],
      ["deflate", deflateSync],
    ] as const) {
      const response = await infer("small", {
        method: "POST",
        body: new Uint8Array(pack(String(body))),
        headers: { "content-encoding": encoding },
      });
      expect(response.status).toBe(200);
    }
  });

  test("of many clients at once gives each its own", async () => {
    const inputs = Array.from({ length: 24 }, (_, seed) => samplesFor(smallCard, 1 + (seed % 3), seed));
    const client = createClient(server.url);
    const answers = await Promise.all(inputs.map((input) => client.infer("small", { images: input })));
    for (const [index, input] of inputs.entries()) {
      const scores = await expected(2, input);
      const got = answers[index]["scores"].data as Float32Array;
      // Rows of a larger batch may be added up in another order.
      expect(got.length).toBe(scores.length);
      expect(Math.max(...got.map((value, at) => Math.abs(value - scores[at])))).toBeLessThan(1e-5);
    }
  });
});

test("statistics count what was inferred", async () => {
  type Stats = {
    readonly model_stats: readonly { readonly inference_count: number; readonly last_inference: number }[];
  };
  const before = (await get("/v2/models/small/stats")).json as Stats;
  await infer("small", jsonRequest({ images }));
  const after = (await get("/v2/models/small/stats")).json as Stats;
  expect(after.model_stats[0].inference_count - before.model_stats[0].inference_count).toBe(2);
  expect(after.model_stats[0].last_inference).toBeGreaterThan(Date.now() - 60_000);
});

describe("the repository", () => {
  const post = async (path: string, body?: string): Promise<{ readonly status: number; readonly json: unknown }> => {
    const response = await fetch(server.url + path, { method: "POST", ...(body !== undefined && { body }) });
    return { status: response.status, json: await response.json() };
  };

  test.each([undefined, "", "{}"])("is listed by POST with the body %j", async (body) => {
    const { json } = await post("/v2/repository/index", body);
    expect(json).toEqual([
      { name: "slow", version: "1", state: "READY", reason: "" },
      { name: "small", version: "1", state: "READY", reason: "" },
      { name: "small", version: "2", state: "READY", reason: "" },
    ]);
  });

  test("unloads and loads a model by its name alone", async () => {
    expect(await post("/v2/repository/models/slow/unload")).toEqual({ status: 200, json: {} });
    expect((await get("/v2/models/slow/ready")).json).toEqual({ name: "slow", ready: false });
    const refused = await infer("slow", jsonRequest({ images: samplesFor(slowCard, 1) }));
    expect([refused.status, await refused.json()]).toEqual([503, { error: "slow: is not ready: unloaded" }]);
    expect(await post("/v2/repository/index", '{"ready": true}')).toMatchObject({
      json: [{ name: "small" }, { name: "small" }],
    });
    expect(await post("/v2/repository/models/slow/load", "{}")).toEqual({ status: 200, json: {} });
    expect((await get("/v2/models/slow/ready")).json).toEqual({ name: "slow", ready: true });
  });

  test.each([
    ["a path", "/v2/repository/models/..%2Fother/load", "", 404, "not among the models"],
    ["an absolute path", "/v2/repository/models/%2Fetc%2Fpasswd/load", "", 404, "not among the models"],
    ["a configuration", "/v2/repository/models/small/load", '{"parameters":{"config":"{}"}}', 400, "parameters.config"],
    ["a file", "/v2/repository/models/small/load", '{"parameters":{"file:1/model.onnx":""}}', 400, "parameters.file:"],
    ["a name that is not there", "/v2/repository/models/nothing/unload", "", 404, '"nothing" is not served here'],
  ])("takes no %s", async (_what, path, body, status, sentence) => {
    const answer = await post(path, body);
    expect(answer.status).toBe(status);
    expect((answer.json as { readonly error: string }).error).toContain(sentence);
  });
});

/** Bodies that are wrong, and what is said of each: one sentence. */
describe("refused with a sentence is", () => {
  test.each<readonly [what: string, path: string, init: RequestInit, status: number, sentence: string]>([
    ["an unknown path", "/v3", {}, 404, "GET /v3 is not served here"],
    ["an unknown model", "/v2/models/nothing", {}, 404, '"nothing" is not served here'],
    ["an unknown version", "/v2/models/small/versions/9", {}, 404, 'of version "9"'],
    ["a method that does not fit", "/v2/models/small/infer", {}, 404, "GET /v2/models/small/infer"],
    ["a damaged address", "/%zz", {}, 400, "no valid address"],
    ["an empty body", "/v2/models/small/infer", { method: "POST" }, 400, "not valid JSON"],
    ["no JSON", "/v2/models/small/infer", { method: "POST", body: "{" }, 400, "not valid JSON"],
    [
      "another shape",
      "/v2/models/small/infer",
      jsonRequest({ images: float32([1, 3, 8, 8], new Float32Array(192)) }),
      400,
      "must be [−1, 3, 16, 16]",
    ],
    [
      "a header beyond the body",
      "/v2/models/small/infer",
      { method: "POST", body: "{}", headers: { "inference-header-content-length": "99" } },
      400,
      "Inference-Header-Content-Length",
    ],
    [
      "an unknown packing",
      "/v2/models/small/infer",
      { method: "POST", body: "{}", headers: { "content-encoding": "zstd" } },
      415,
      '"zstd" is not read',
    ],
    [
      "a damaged packing",
      "/v2/models/small/infer",
      { method: "POST", body: "no gzip", headers: { "content-encoding": "gzip" } },
      400,
      "no valid gzip",
    ],
    [
      "a body that is too long",
      "/v2/models/small/infer",
      { method: "POST", body: new Uint8Array(33 * 2 ** 20) },
      413,
      "must have at most",
    ],
    [
      "a batch that is too large",
      "/v2/models/small/infer",
      binaryRequest({ images: samplesFor(smallCard, 65) }),
      400,
      "at most 64",
    ],
  ])("%s", async (_what, path, init, status, sentence) => {
    const response = await fetch(server.url + path, init);
    const text = await response.text();
    expect([response.status, JSON.parse(text)]).toEqual([status, { error: expect.stringContaining(sentence) }]);
    expect(text).not.toContain("\\n");
  });

  test("a score without a form in JSON, which bytes carry", async () => {
    const infinite = float32([1, 3, 16, 16], new Float32Array(768).fill(3e38));
    const asked = binaryRequest({ images: infinite });
    const refused = await infer("small", asked);
    expect(refused.status).toBe(422);
    expect(await refused.text()).toContain("ask for it with binary_data");
    const whole = await infer(
      "small",
      binaryRequest({ images: infinite }, { parameters: { binary_data_output: true } }),
    );
    expect(whole.status).toBe(200);
  });
});

describe("the client", () => {
  test("describes, infers exactly, and says what a server said", async () => {
    const client = createClient(server.url);
    expect([await client.isLive(), await client.isReady()]).toEqual([true, true]);
    expect(await client.describe("small", "1")).toMatchObject({ name: "small", versions: ["1", "2"] });
    const { scores } = await client.infer("small", { images }, { version: "1", outputs: ["scores"] });
    expect(scores.shape).toEqual([2, 3]);
    expect(scores.data).toEqual(await expected(1, images));
    await expect(client.infer("nothing", { images })).rejects.toMatchObject({ name: "RequestError", status: 404 });
    expect(await createClient("http://127.0.0.1:1").isLive()).toBe(false);
  });
});
