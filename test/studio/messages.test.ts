import { expect, test } from "vitest";
import { findViolations, useStudioSite } from "../support/studio-site.ts";

const { address, openPage } = useStudioSite();
const soon = { timeout: 60_000 };
const noise = Buffer.alloc(100, 255);
const file = (name: string, buffer: Buffer = noise) => ({ name, mimeType: "application/octet-stream", buffer });

/** Pages that read a file in a worker, and files that they refuse. */
const refused = [
  ["network", "network", file("noise.onnx"), /^noise\.onnx：/],
  ["network", "network", file("keras.h5", Buffer.from("894844460d0a1a0a", "hex")), /^keras\.h5：是 HDF5，网页不能读取/],
  ["runs", "runs", file("other.json", Buffer.from('{"runs":[{}]}')), /^other\.json：/],
  ["plates", "plates", file("noise.png"), /^noise\.png：/],
  ["cells", "picture", file("noise.tif"), /^noise\.tif：/],
] as const;

test.each(refused)(
  "on the Chinese page of %s, what a worker refuses is said in Chinese, and in English once that is chosen (input %s)",
  async (page, name, dropped, said) => {
    const opened = await openPage(`${address()}#/${page}`, { locale: "zh-CN", colorScheme: "light" });
    await opened.page.locator(`input[name=${name}]`).setInputFiles(dropped);
    const alert = opened.page.getByRole("alert");
    await expect.poll(() => alert.textContent().catch(() => ""), soon).toMatch(said);
    // Names and commands may stay English; sentences not.
    expect((await alert.textContent())!.replace(/residua .*/, "")).not.toMatch(/[a-z]{2,} [a-z]{2,}/i);
    expect(await findViolations(opened.page)).toEqual([]);
    await opened.page.getByRole("button", { name: "English" }).click();
    await expect.poll(() => alert.textContent(), soon).toMatch(/^[\w.]+: .*[a-z]{2,} [a-z]{2,}/);
    expect(opened.faults).toEqual([]);
  },
);
