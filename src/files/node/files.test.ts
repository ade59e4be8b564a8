import { execFileSync } from "node:child_process";
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EnvironmentError } from "../../tensor/errors.ts";
import {
  makeFolder,
  readFileBytes,
  removeUnfinished,
  requireWritableFolder,
  toEnvironmentError,
  writeFileAtomically,
} from "../node.ts";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "residua-files-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const place = (name: string): string => join(folder, name);

async function* piecesInTime(): AsyncGenerator<string | Uint8Array> {
  yield "one ";
  await Promise.resolve();
  yield new TextEncoder().encode("two");
}

test.each([
  ["a text", "one two"],
  ["bytes", new TextEncoder().encode("one two")],
  ["pieces of both", ["one ", new TextEncoder().encode("two")]],
  ["pieces that are made in time", piecesInTime()],
])("%s becomes the file's content, and nothing else is left in its folder", async (_, content) => {
  await writeFile(place("x"), "what was there before, which is longer");
  await writeFileAtomically(place("x"), content);
  expect(await readFile(place("x"), "utf8")).toBe("one two");
  expect(await readdir(folder)).toEqual(["x"]);
});

test("a failure half-way leaves the old file as it was, and no other", async () => {
  function* failing(): Generator<string> {
    yield "half";
    throw new RangeError("the content failed");
  }
  await writeFile(place("x"), "old");
  await expect(writeFileAtomically(place("x"), failing())).rejects.toThrow(RangeError);
  await expect(writeFileAtomically(place("new"), failing())).rejects.toThrow("the content failed");
  expect(await readFile(place("x"), "utf8")).toBe("old");
  expect(await readdir(folder)).toEqual(["x"]);
});

test("the old content is there until the new one is complete", async () => {
  await writeFile(place("x"), "old");
  const seen: string[] = [];
  async function* watching(): AsyncGenerator<string> {
    yield "new";
    seen.push(await readFile(place("x"), "utf8"));
  }
  await writeFileAtomically(place("x"), watching());
  expect([...seen, await readFile(place("x"), "utf8")]).toEqual(["old", "new"]);
});

test("writers of one file at a time leave one of their contents whole", async () => {
  const contents = ["a", "b", "c"].map((letter) => letter.repeat(100_000));
  await Promise.all(contents.map((content) => writeFileAtomically(place("x"), content)));
  expect(contents).toContain(await readFile(place("x"), "utf8"));
  expect(await readdir(folder)).toEqual(["x"]);
});

test("what a killed writer left is removed, and nothing else", async () => {
  async function* dying(): AsyncGenerator<string> {
    yield "half";
    // As a kill leaves it: nobody cleans up.
    for (const name of await readdir(folder)) await cp(place(name), place(`${name}.kept`));
    throw new RangeError("killed");
  }
  await expect(writeFileAtomically(place("x"), dying())).rejects.toThrow(RangeError);
  const [kept] = await readdir(folder);
  const left = kept.replace(/\.kept$/, "");
  await rename(place(kept), place(left));
  for (const other of ["x", ".x.tmp", ".x.mine.tmp", left.replace(".x.", ".y."), ".x.safe"])
    await writeFile(place(other), "mine");
  await removeUnfinished(place("x"));
  expect((await readdir(folder)).toSorted()).toEqual(
    ["x", ".x.tmp", ".x.mine.tmp", left.replace(".x.", ".y."), ".x.safe"].toSorted(),
  );
  await removeUnfinished(place("no/folder"));
});

test("a symbolic link stays one, and what it points to is written", async () => {
  await writeFile(place("target"), "old");
  await symlink("target", place("link"));
  await writeFileAtomically(place("link"), "new");
  expect(await readlink(place("link"))).toBe("target");
  expect(await readFile(place("target"), "utf8")).toBe("new");
});

test.skipIf(process.platform !== "linux")("a device stays one, and its refusal is one clear line", async () => {
  await writeFileAtomically("/dev/null", "nothing");
  expect((await stat("/dev/null")).isCharacterDevice()).toBe(true);
  await expect(writeFileAtomically("/dev/full", "x")).rejects.toThrow(
    new EnvironmentError("/dev/full", "cannot write: no space is left on the device; free some and try again"),
  );
});

test("a folder that does not exist, or a folder in the file's place, is one clear line", async () => {
  await expect(writeFileAtomically(place("no/x"), "")).rejects.toThrow(
    /cannot write: there is no such file or folder$/,
  );
  await mkdir(place("folder"));
  await expect(writeFileAtomically(place("folder"), "")).rejects.toThrow(/cannot write: is a folder, must be a file$/);
  await writeFile(place("x"), "");
  await expect(writeFileAtomically(place("x/y"), "")).rejects.toThrow(/a part of the path is a file/);
  expect((await readdir(folder)).toSorted()).toEqual(["folder", "x"]);
});

test("a file is read whole, an empty one too", async () => {
  await writeFile(place("x"), "abc");
  await writeFile(place("empty"), "");
  expect(await readFileBytes(place("x"))).toEqual(Uint8Array.of(97, 98, 99));
  expect(await readFileBytes(place("empty"))).toEqual(new Uint8Array(0));
});

test("a file beyond the limit is refused before memory is taken, with its size", async () => {
  await writeFile(place("sparse"), "");
  await truncate(place("sparse"), 2 ** 31);
  await expect(readFileBytes(place("sparse"))).rejects.toThrow(
    /cannot read: takes 2147483648 bytes, at most 2147483647 are read into memory$/,
  );
  await expect(readFileBytes(place("sparse"), 10)).rejects.toThrow(EnvironmentError);
});

test("a missing file, a folder and a pipe are one clear line each, and the pipe does not hang", async () => {
  await expect(readFileBytes(place("no"))).rejects.toThrow(/no: cannot read: there is no such file or folder$/);
  await expect(readFileBytes(folder)).rejects.toThrow(/cannot read: is a folder, must be a file$/);
  if (process.platform === "win32") return;
  execFileSync("mkfifo", [place("pipe")]);
  await expect(readFileBytes(place("pipe"))).rejects.toThrow(/is a device or pipe, must be a regular file$/);
});

test.each([
  ["EACCES", "permission denied"],
  ["ENOSPC", "no space is left on the device; free some and try again"],
  ["EROFS", "the file system is read-only"],
  ["EWEIRD", "some words on two lines (EWEIRD)"],
])("%s is told as: %s", (code, words) => {
  const cause = Object.assign(new Error("some words\non two lines"), { code });
  const error = toEnvironmentError("x", "cannot read", cause);
  expect(error.message).toBe(`x: cannot read: ${words}`);
  expect(error.cause).toBe(cause);
});

test("a folder is made with those above it, twice and at the same time too", async () => {
  const deep = join(folder, "made", "of", "three");
  await Promise.all([makeFolder(deep), makeFolder(deep)]);
  await makeFolder(deep);
  expect((await stat(deep)).isDirectory()).toBe(true);
});

test("a folder in the place of a file or below one is refused in one line", async () => {
  await writeFile(join(folder, "file"), "");
  await expect(makeFolder(join(folder, "file"))).rejects.toThrow(/is a file, must be a folder/);
  await expect(makeFolder(join(folder, "file", "below"))).rejects.toThrow(/a part of the path is a file/);
});

test.runIf(process.platform === "linux")(
  "a folder in /proc, where none can be made, is refused, and that ends",
  async () => {
    await expect(makeFolder("/proc/residua/none")).rejects.toThrow(/cannot make the folder/);
  },
);

test("a folder is found writable where it is, or could be made; nothing is made", async () => {
  await requireWritableFolder(join(folder, "not", "yet"));
  await writeFile(join(folder, "plain"), "");
  await expect(requireWritableFolder(join(folder, "plain", "below"))).rejects.toThrow(EnvironmentError);
  await expect(stat(join(folder, "not"))).rejects.toThrow(/ENOENT/);
});
