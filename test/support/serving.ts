import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { initializeState } from "../../src/nn/initialization.ts";
import { createModel } from "../../src/nn/models.ts";
import type { NetworkCard } from "../../src/networks/card.ts";
import { exportOnnxChunks } from "../../src/networks/export.ts";
import { type Server, type ServerEvent, type ServerOptions, startServer } from "../../src/serve/node/server.ts";
import { cellScores, standardSettings } from "../../src/tasks/segment/settings.ts";
import { randomStream } from "../../src/tensor/random.ts";
import { float32, type Tensor } from "../../src/tensor/tensor.ts";

/** A small classifier of colour images: 3 × 16 × 16, three classes. */
export const smallCard: NetworkCard = {
  model: { name: "resnet8", options: { shortcut: "pad", channels: 3, classes: 3, stemWidth: 4 } },
  imageShape: [3, 16, 16],
  data: "three kinds",
  classes: ["left", "right", "top"],
  normalization: { mean: [0.4, 0.5, 0.6], deviation: [0.2, 0.25, 0.3] },
};

/** One whose run takes tens of milliseconds. */
export const slowCard: NetworkCard = {
  ...smallCard,
  model: { name: "resnet56", options: { shortcut: "pad", channels: 3, classes: 3 } },
  imageShape: [3, 48, 48],
};

/** A small network that tells cells apart. */
export const cellsCard: NetworkCard = {
  model: { name: "resunet", options: { shortcut: "project", channels: 1, classes: cellScores.length, stemWidth: 4 } },
  imageShape: [1, 64, 64],
  data: "cells",
  classes: cellScores,
  normalization: { mean: [0.5], deviation: [0.25] },
  task: { ...standardSettings },
};

/** An ONNX file of a card's network, with weights by a seed. */
export function networkBytes(card: NetworkCard, seed = 1): Uint8Array {
  const { module } = createModel(card.model.name, card.model.options);
  return new Uint8Array(Buffer.concat(exportOnnxChunks(card, initializeState(module, seed))));
}

/** Random samples for a card's network. */
export function samplesFor({ imageShape }: NetworkCard, count: number, seed = 1): Tensor<"float32"> {
  const stream = randomStream(seed, "samples");
  const shape = [count, ...imageShape];
  return float32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => stream.uniform() - 0.5),
  );
}

/** A folder that goes when the test ends. */
export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "residua-serve-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files below a folder. */
export async function writeFiles(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** A server under test, with what it told. */
export interface TestServer extends Server {
  readonly url: string;
  readonly events: readonly ServerEvent[];
}

/** Starts a server on any port of this machine; it is closed when the test ends. */
export async function serveInTest(
  options: Partial<ServerOptions> & Pick<ServerOptions, "sources">,
): Promise<TestServer> {
  const server = await serveUntilClosed(options);
  onTestFinished(() => server.close(2000));
  return server;
}

/** As {@link serveInTest}, for many tests: the caller closes it. */
export async function serveUntilClosed({
  onEvent,
  ...options
}: Partial<ServerOptions> & Pick<ServerOptions, "sources">): Promise<TestServer> {
  const events: ServerEvent[] = [];
  const server = await startServer({
    policy: { host: "127.0.0.1", port: 0 },
    workers: 1,
    threads: 1,
    maxBatch: 8,
    batchDelay: 0,
    allowRepository: false,
    version: "0.0.0",
    ...options,
    onEvent: (event) => {
      events.push(event);
      onEvent?.(event);
    },
  });
  const [url] = server.addresses;
  return { ...server, url, events };
}

/** A request for inference with its tensors as bytes behind the JSON. */
export function binaryRequest(
  inputs: Readonly<Record<string, Tensor>>,
  rest: object = {},
): { readonly method: string; readonly body: Uint8Array<ArrayBuffer>; readonly headers: Record<string, string> } {
  const entries = Object.entries(inputs).map(([name, { shape, data }]) => ({
    name,
    shape,
    datatype: "FP32",
    parameters: { binary_data_size: data.byteLength },
  }));
  const json = Buffer.from(JSON.stringify({ inputs: entries, ...rest }));
  const tensors = Object.values(inputs).map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  return {
    method: "POST",
    body: new Uint8Array(Buffer.concat([json, ...tensors])),
    headers: {
      "content-type": "application/octet-stream",
      "inference-header-content-length": String(json.length),
    },
  };
}

/** A request for inference as JSON alone. */
export function jsonRequest(inputs: Readonly<Record<string, Tensor>>, rest: object = {}): RequestInit {
  const entries = Object.entries(inputs).map(([name, { shape, data }]) => ({
    name,
    shape,
    datatype: "FP32",
    data: Array.from(data as Float32Array),
  }));
  return {
    method: "POST",
    body: JSON.stringify({ inputs: entries, ...rest }),
    headers: { "content-type": "application/json" },
  };
}
