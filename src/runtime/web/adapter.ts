/** What a browser tells of an adapter, as far as it does. */
interface AdapterInfo {
  readonly vendor?: string;
  readonly architecture?: string;
  readonly description?: string;
}

interface GraphicsNavigator {
  readonly gpu?: { requestAdapter(): Promise<{ readonly info?: AdapterInfo } | null> };
}

/**
 * The device of a page and its adapter, as runs record them: "webgpu (google swiftshader)". Browsers tell more or less.
 *
 * @returns undefined for WebAssembly
 */
export async function nameWebDevice(device: "wasm" | "webgpu"): Promise<string | undefined> {
  if (device === "wasm") return undefined;
  const adapter = await (globalThis.navigator as GraphicsNavigator).gpu?.requestAdapter().catch(() => null);
  const { vendor = "", architecture = "", description = "" } = adapter?.info ?? {};
  const name = [vendor, architecture].filter((part) => part !== "").join(" ") || description;
  return name === "" ? device : `${device} (${name})`;
}
