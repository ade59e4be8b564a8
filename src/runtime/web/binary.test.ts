import { expect, test } from "vitest";
import { something } from "../../../test/support/inner-loops.ts";
import { serveLocally } from "../../../test/support/local-server.ts";
import type { OrtModule } from "../onnxruntime-module.ts";
import { giveBinary } from "./binary.ts";

/** As much of ONNX Runtime as is given something here. */
function emptyModule(): OrtModule {
  return { env: { wasm: {} } } as OrtModule;
}

test("the binary is fetched once, however many ask for it", async () => {
  let requests = 0;
  const address = await serveLocally((_, response) => {
    requests++;
    response.end(something);
  });
  const ort = emptyModule();
  await Promise.all([giveBinary(ort, address), giveBinary(ort, address)]);
  await giveBinary(ort, address);
  expect(requests).toBe(1);
  expect(new Uint8Array(ort.env.wasm.wasmBinary as ArrayBuffer)).toEqual(something);
});

test("an address that fails is named, and may be tried again", async () => {
  let attempts = 0;
  const address = await serveLocally((_, response) => {
    attempts++;
    if (attempts === 1) response.writeHead(404).end();
    else if (attempts === 2)
      response.writeHead(200, { "content-length": "1000" }).write("some", () => response.destroy());
    else if (attempts === 3) response.end("<!doctype html>");
    else response.end(something);
  });
  const ort = emptyModule();
  await expect(giveBinary(ort, address)).rejects.toThrow(`${address}: answered 404; must be`);
  await expect(giveBinary(ort, address)).rejects.toThrow(`${address}: cannot be fetched (`);
  await expect(giveBinary(ort, address)).rejects.toThrow(
    `${address}: does not begin as one; must be a WebAssembly module`,
  );
  expect(ort.env.wasm.wasmBinary).toBeUndefined();
  await giveBinary(ort, address);
  expect(ort.env.wasm.wasmBinary).toBeDefined();
});

test("an address that nobody answers at is named", async () => {
  const address = "http://127.0.0.1:9/none.wasm";
  await expect(giveBinary(emptyModule(), address)).rejects.toThrow(`${address}: cannot be fetched (`);
});
