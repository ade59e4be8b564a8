// Packs what bench/gpu.sh needs on another machine with Linux on x64, Node itself included, into one archive.
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const programs = ["dist/bench/gpu/main.js", "dist/bench/gpu/contender.js"];
const scripts = ["bench/gpu.sh", "bench/torch_step.py", "bench/cifar_resnet.py", "package.json", "LICENSE"];
/** Loaded by name only when it is needed; what its manifest asks for besides is for its installation. */
const runtimePackages = ["onnxruntime-node", "onnxruntime-common"];
const LIMIT_MIB = 60;

/**
 * The files of our own that programs import, directly or not, and the packages that those name.
 *
 * @param {readonly string[]} entries
 */
function findImports(entries) {
  const [files, packages] = [new Set(), new Set()];
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const text = readFileSync(join(root, file), "utf8");
    for (const [, name] of text.matchAll(/(?:from\s+|import\s*\(?\s*)"([^"]+)"/g)) {
      if (name.startsWith(".")) waiting.push(relative(root, resolve(root, dirname(file), name)));
      else if (!name.startsWith("node:"))
        packages.add(
          name
            .split("/")
            .slice(0, name.startsWith("@") ? 2 : 1)
            .join("/"),
        );
    }
  }
  return { files, packages };
}

/**
 * Those packages that are installed, and what they depend on.
 *
 * @param {Iterable<string>} names
 */
function withDependencies(names) {
  const found = new Set();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const manifest = join(root, "node_modules", name, "package.json");
    if (found.has(name) || !existsSync(manifest)) continue;
    found.add(name);
    waiting.push(...Object.keys(JSON.parse(readFileSync(manifest, "utf8")).dependencies ?? {}));
  }
  return found;
}

if (process.platform !== "linux" || process.arch !== "x64") {
  console.error("--pack: takes Node and ONNX Runtime of Linux on x64; run it there");
  process.exit(1);
}
if (!programs.every((file) => existsSync(join(root, file)))) {
  console.error("--pack: nothing is built; run npm ci first");
  process.exit(1);
}
const archive = resolve(process.argv[2] ?? "residua-gpu.tar.xz");
const stage = mkdtempSync(join(tmpdir(), "residua-gpu-"));
try {
  const folder = join(stage, "residua-gpu");
  mkdirSync(folder);
  const { files, packages } = findImports(programs);
  for (const file of [...files, ...scripts]) cpSync(join(root, file), join(folder, file));
  for (const name of [...withDependencies(packages), ...runtimePackages]) {
    // Of ONNX Runtime's programs, only those of this platform.
    const isTaken = (/** @type {string} */ path) =>
      !/\/onnxruntime-node\/(?:bin\/napi-v\d+\/(?!linux(?:\/x64|$))|script)/.test(path) &&
      !/\.(?:map|d\.ts|md)$/.test(path);
    cpSync(join(root, "node_modules", name), join(folder, "node_modules", name), { recursive: true, filter: isTaken });
  }
  cpSync(process.execPath, join(folder, "node"));
  execFileSync("strip", ["--strip-unneeded", join(folder, "node")], { stdio: "ignore" });
  chmodSync(join(folder, "node"), 0o755);
  console.error("packing; this takes a minute or two …");
  execFileSync("tar", ["-cJf", archive, "-C", stage, "residua-gpu"], { env: { ...process.env, XZ_OPT: "-T0" } });
} finally {
  rmSync(stage, { recursive: true, force: true });
}
const size = statSync(archive).size / 2 ** 20;
console.error(`${archive}: ${size.toFixed(1)} MiB; unpack it and run residua-gpu/bench/gpu.sh`);
if (size > LIMIT_MIB) {
  console.error(`--pack: is to be at most ${LIMIT_MIB} MiB`);
  process.exit(1);
}
