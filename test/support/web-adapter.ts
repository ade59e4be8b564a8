/** Whether the browser has a WebGPU adapter. Without one, tests on it are left out, which is printed. @throws in CI, where it must be there */
export async function hasWebAdapter(): Promise<boolean> {
  const { gpu } = navigator as { readonly gpu?: { requestAdapter(): Promise<unknown> } };
  if (await gpu?.requestAdapter()) return true;
  const missing = "the browser has no WebGPU adapter";
  const { env } = import.meta as unknown as { readonly env: Readonly<Record<string, string>> };
  if (env["CI"] !== "") throw new Error(`${missing}; CI starts it with a software one`);
  console.warn(`tests on WebGPU are left out: ${missing}`);
  return false;
}
