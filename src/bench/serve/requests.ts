import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildInference, toModel } from "../../compile/inference.ts";
import { stepNames } from "../../compile/step/names.ts";
import { initializeState } from "../../nn/initialization.ts";
import { createModel } from "../../nn/models.ts";
import { encodeModel } from "../../onnx/encode.ts";
import { randomStream } from "../../tensor/random.ts";
import type { LoadOrder } from "./load.ts";

/** What is asked of a server, without how often. */
export type Ask = Pick<LoadOrder, "method" | "path" | "headers" | "body">;

/** A network's file, and one image to ask about. */
export interface Subject {
  readonly file: string;
  /** A policy under which requests wait as long as they like: none is refused however busy the machine is. */
  readonly policy: string;
  readonly size: number;
  /** The image's float32 alone, as a peer takes it. */
  readonly raw: Ask & { readonly body: string };
  /** As the Open Inference Protocol has it: JSON, then the bytes. */
  readonly binary: Ask;
}

export const live: Ask = { method: "GET", path: "/v2/health/live", headers: {} };

/** Writes a network of random weights, and requests with a random image of so many pixels a side. */
export async function writeSubject(folder: string, model: string, size: number): Promise<Subject> {
  const { module } = createModel(model);
  const shape = [1, 3, size, size];
  const file = join(folder, `${model}.onnx`);
  await writeFile(file, encodeModel(toModel(buildInference(module, shape.slice(1), initializeState(module, 0)))));
  const stream = randomStream(0, "benchmark images");
  const pixels = Float32Array.from({ length: 3 * size * size }, () => stream.normal());
  const bytes = Buffer.from(pixels.buffer);
  const input = { name: stepNames.images, shape, datatype: "FP32", parameters: { binary_data_size: bytes.length } };
  const head = Buffer.from(JSON.stringify({ inputs: [input], parameters: { binary_data_output: true } }));
  const [raw, binary, policy] = ["raw", "binary", "json"].map((ending) => join(folder, `${model}.${ending}`));
  const listen = [{ address: "127.0.0.1", port: 0 }];
  const limits = { waitMs: 60_000, requestTimeoutMs: 60_000 };
  await writeFile(policy, JSON.stringify({ listen, network: { allow: ["127.0.0.0/8"] }, limits }));
  await writeFile(raw, bytes);
  await writeFile(binary, Buffer.concat([head, bytes]));
  const headers = { "content-type": "application/octet-stream" };
  const way = { method: "POST", path: `/v2/models/${model}/infer`, headers } as const;
  return {
    file,
    policy,
    size,
    raw: { ...way, body: raw },
    binary: { ...way, headers: { ...headers, "inference-header-content-length": String(head.length) }, body: binary },
  };
}
