import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commands } from "../../src/cli/commands/index.ts";
import { inputsOf, OutputFileOption } from "../../src/cli/output-file.ts";
import { float32 } from "../../src/tensor/tensor.ts";
import { encodeNpy } from "../../src/weights/npy.ts";
import { runCommand } from "./run.ts";

/** Generous: it ends a hang, nothing else. */
const timeout = 300_000;
let folder: string;
/** What drawing an image said. */
let drawn: string;
const at = (name: string): string => join(folder, name);

async function run(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(args, folder);
  expect(code, stderr).toBe(0);
  return stdout;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-outputs-"));
  drawn = await run("data", "draw", ".", "--images", "1", "--cells", "1", "--size", "32");
  await writeFile(at("names.txt"), "a\nb\n");
  const network = ["resnet8", "--channels", "1", "--classes", "2", "--class-names", "names.txt", "--no-card"];
  for (const out of ["m.safetensors", "m.pth", "m.onnx"]) await run("export", ...network, "--out", out);
  await symlink("m.safetensors", at("link.safetensors"));
  await writeFile(at("x.npy"), encodeNpy(float32([1, 1, 32, 32], new Float32Array(1024))));
  await writeFile(at("cases.csv"), "id\n1\n");
  await run("tables", "import", "cases.csv", "--store", "o.db");
  await run("keys", "k");
  await writeFile(at("page.html"), "");
}, timeout);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Every option of the command line for a file to write, with what its command reads. */
const written: Readonly<Record<string, readonly [outputs: string, inputs: string]>> = {
  evaluate: ["--report", "--model --trusted-key --classes --reader"],
  predict: ["--csv", "<image> --model --trusted-key --classes"],
  "runs tree": ["--svg", "--store"],
  "runs export": ["--out", "--store"],
  "tables export": ["--out", "--store"],
  describe: ["--svg", "<model|file>"],
  export: ["--out", "<model|file> --weights --class-names"],
  forward: ["--output", "--weights --input"],
  gradients: ["--output", "--weights --input --labels"],
  report: ["--out", "<file> --store"],
  advise: ["--out", "<model|file>"],
  landscape: ["--out", "--model"],
  lesion: ["--out", "--model"],
  gradflow: ["--out", "--model"],
  "lr-find": ["--out", "--from --weights"],
  sign: ["--signature", "<file> --key"],
  seal: ["--out", "<file> --recipient"],
  unseal: ["--out", "<file> --key"],
};

test("every option for a file to write is one, and knows what its command reads", { timeout }, async () => {
  const found: Record<string, readonly [string, string]> = {};
  for (const entry of Object.values(commands)) {
    const program = new Command();
    (await entry.load())(program);
    for (const command of program.commands.flatMap((each) => [each, ...each.commands])) {
      const outputs = command.options.filter((option) => option instanceof OutputFileOption);
      const group = command.parent ?? program;
      const name = group === program ? command.name() : `${group.name()} ${command.name()}`;
      const plain = command.options.filter(
        (option) =>
          !outputs.includes(option as OutputFileOption) && /^--(out|output|csv|svg|report) <file>$/.test(option.flags),
      );
      expect(plain, name).toEqual([]);
      if (outputs.length === 0) continue;
      const inputs = inputsOf(command).map(([input]) => input);
      found[name] = [outputs.map(({ long }) => long).join(" "), inputs.join(" ")];
    }
  }
  expect(found).toEqual(written);
});

const image = "images/0001.png";

/** What would write over the last argument's file. */
const refused: Readonly<Record<string, readonly string[]>> = {
  "predict --csv IMAGE": ["predict", "--model", "m.safetensors", image, "--csv", image],
  "predict FOLDER --csv IMAGE": ["predict", "--model", "m.safetensors", "images", "--csv", image],
  "predict --csv MODEL": ["predict", "--model", "m.safetensors", image, "--csv", "m.safetensors"],
  "evaluate --report": ["evaluate", "--model", "m.safetensors", "--report", "m.safetensors"],
  lesion: ["lesion", "--model", "m.safetensors", "--out", "link.safetensors"],
  landscape: ["landscape", "--model", "link.safetensors", "--out", "m.safetensors"],
  gradflow: ["gradflow", "--model", "m.safetensors", "--out", "./m.safetensors"],
  advise: ["advise", "m.onnx", "--out", "m.onnx"],
  report: ["report", "page.html", "m.onnx", "--out", "m.onnx"],
  "lr-find": ["lr-find", "--from", "m.onnx", "--out", "m.onnx"],
  describe: ["describe", "m.safetensors", "--svg", "m.safetensors"],
  "forward --input": ["forward", "auto", "--weights", "m.pth", "--input", "x.npy", "--output", "x.npy"],
  "gradients --weights": "gradients auto --weights m.pth --input x.npy --labels x.npy --output m.pth".split(" "),
  "runs export": ["runs", "export", "--csv", "--store", "o.db", "--out", "o.db"],
  "runs tree": ["runs", "tree", "--store", "o.db", "--svg", "o.db"],
  "tables export": ["tables", "export", "cases", "--csv", "--store", "o.db", "--out", "o.db"],
  "export ARGUMENT": ["export", "link.safetensors", "--out", "m.safetensors"],
  "export of a standard name": ["export", "m.onnx", "--to", "onnx"],
  "export --weights": ["export", "resnet8", "--weights", "m.safetensors", "--out", "m.safetensors"],
  "export --class-names": ["export", "m.onnx", "--class-names", "names.txt", "--to", "onnx", "--out", "names.txt"],
  "sign --signature": ["sign", "m.onnx", "--key", "k-sign.key", "--signature", "m.onnx"],
  "seal --force": ["seal", "m.onnx", "--recipient", "k-seal.pub", "--force", "--out", "k-seal.pub"],
  "unseal --force": ["unseal", "m.onnx", "--key", "k-seal.key", "--force", "--out", "k-seal.key"],
};

test.each(Object.keys(refused))("%s writes over nothing that it reads", { timeout }, async (name) => {
  const args = refused[name];
  const path = at(args.at(-1) === "onnx" ? "m.onnx" : args.at(-1)!);
  const before = await readFile(path);
  const { code, stderr } = await runCommand(args, folder);
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(/^residua: [^\n]+\n$/) as string });
  expect(stderr).toMatch(/is a file that this command reads; name another|must end in \.svg, \.png/);
  expect((await readFile(path)).equals(before)).toBe(true);
});

test("the standard store is read, too", { timeout }, async () => {
  for (const out of ["o.db", "./o.db"]) {
    const args = ["runs", "export", "--csv", "--out", out];
    const { code, stderr } = await runCommand(args, folder, { RESIDUA_STORE: at("o.db") });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `residua: --out: "${out}" is a file that this command reads; name another\n`,
    });
  }
});

describe("results in a folder", () => {
  beforeAll(async () => {
    const bytes = await readFile(at(image));
    await run("data", "draw", "col", "--images", "1", "--size", "32");
    for (const name of ["a.png", "a.cells.png"]) await writeFile(at(`col/images/${name}`), bytes);
    for (const name of ["b.png", "b.tif", "b.png.png"]) await writeFile(at(`col/masks/${name}`), bytes);
  }, timeout);

  test("write over no image", { timeout }, async () => {
    const before = await readFile(at("col/images/a.cells.png"));
    const { code, stderr } = await runCommand(["segment", "col/images", "--out", "col/images"], folder);
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(/--out: would replace col\/images\/a\.cells\.png itself; give another folder\n$/);
    expect((await readFile(at("col/images/a.cells.png"))).equals(before)).toBe(true);
  });

  test("are all kept, whatever the images are called", { timeout }, async () => {
    const names = ["b.png", "b.tif", "b.png.png"];
    await run("segment", ...names.map((name) => `col/masks/${name}`), "--out", "found");
    const found = (await readdir(at("found"))).filter((name) => name.endsWith(".cells.png")).toSorted();
    expect(found).toEqual(["b.png.cells.png", "b.png.png.cells.png", "b.tif.cells.png"]);
  });

  test("of plates write over no picture, and no other result", { timeout }, async () => {
    const [picture, overlay] = ["col/p.jpg", "col/p.overlay.png"];
    for (const path of [picture, overlay]) await writeFile(at(path), await readFile(at(image)));
    for (const [args, line] of [
      [["--out", "col"], "--out: would replace col/p.overlay.png itself; give another folder"],
      [["--out", "pl", "--blur", "pl"], "two results would be called"],
    ] as const) {
      const { code, stderr } = await runCommand(["plates", picture, overlay, ...args], folder);
      expect(code, stderr).toBe(2);
      expect(stderr).toContain(line);
    }
  });
});

test("a folder that has drawn images is left alone", { timeout }, async () => {
  const { code, stderr } = await runCommand(["data", "draw", ".", "--images", "2"], folder);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'residua: .: has files in "images" already; name a new folder, or empty this one\n',
  });
  expect(await readdir(at("images"))).not.toContain("0002.png");
  expect(drawn).toBe("1 image with 1 cell: .\n");
});

test("a drawing is what its name says, or is refused", { timeout }, async () => {
  for (const [index, args] of [
    ["describe", "resnet8", "--tree"],
    ["describe", "m.onnx", "--tree"],
    ["runs", "tree", "--store", "o.db"],
  ].entries()) {
    await run(...args, "--svg", `${index}.png`);
    expect((await readFile(at(`${index}.png`))).subarray(1, 4).toString()).toBe("PNG");
    const { code, stderr } = await runCommand([...args, "--svg", "x.jpg"], folder);
    expect(code).toBe(2);
    expect(stderr).toMatch(/must end in \.svg, \.png/);
  }
});

test("--tree --svg draws the tree of a file's parts", { timeout }, async () => {
  await run("describe", "m.onnx", "--tree", "--svg", "tree.svg");
  await run("describe", "m.onnx", "--svg", "whole.svg");
  const [tree, whole] = await Promise.all(["tree.svg", "whole.svg"].map((name) => readFile(at(name), "utf8")));
  expect(tree).toMatch(/>conv1 3×3 conv, 16</);
  expect(whole).not.toMatch(/>conv1 3×3 conv, 16</);
});

test("errors point to the help of the command that was typed", { timeout }, async () => {
  for (const [args, help] of [
    [["data", "draw", "x", "--images", "0"], "residua data draw --help"],
    [["runs", "copy"], "residua runs copy --help"],
    [["open"], "residua open --help"],
    [["data", "nothing"], "residua data --help"],
  ] as const)
    expect((await runCommand(args, folder)).stderr).toContain(`; see ${help}\n`);
});

test("a folder's PGM images are found", { timeout }, async () => {
  await run("data", "draw", "pgm", "--images", "1", "--size", "32");
  await rm(at("pgm/images/0001.png"));
  await writeFile(at("pgm/images/z.pgm"), `P2 32 32 255 ${"0 ".repeat(1024)}\n`);
  const { results } = JSON.parse(await run("predict", "--model", "m.safetensors", "pgm/images", "--json")) as {
    readonly results: readonly { readonly image: string }[];
  };
  expect(results.map((result) => result.image)).toEqual([join("pgm/images", "z.pgm")]);
});
