import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mpi } from "../../src/bench/scale/machines.ts";
import { encodePng } from "../../src/files/png.ts";
import { randomStream } from "../../src/tensor/random.ts";

const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const SIDE = 16;

/** An MPI launcher, if it is installed. */
export interface MpiLauncher {
  readonly name: string;
  readonly key: Mpi;
  readonly command: readonly string[];
}

const launchers: readonly MpiLauncher[] = [
  {
    name: "Open MPI",
    key: "openmpi",
    // For tests that run as root, on machines with fewer cores than ranks.
    command: ["mpirun.openmpi", "--allow-run-as-root", "--oversubscribe", "--mca", "mpi_yield_when_idle", "1"],
  },
  { name: "MPICH", key: "mpich", command: ["mpirun.mpich"] },
];

export const isThere = ({ command }: MpiLauncher): boolean => spawnSync(command[0], ["--version"]).status === 0;

/** Launchers by name, with whether they are installed. */
export const mpiLaunchers = launchers.map((each) => [each.name, each] as const);

/** Noise of two classes, the second a little brighter: `train/` and `test/` in a folder. */
export function writePhotos(folder: string, counts = { train: 12, test: 4 }): string {
  for (const [part, count] of Object.entries(counts))
    for (const label of [0, 1]) {
      const place = join(folder, part, `class${label}`);
      mkdirSync(place, { recursive: true });
      for (let index = 0; index < count; index++) {
        const stream = randomStream(7, `${part} ${label} ${index}`);
        const samples = Uint8Array.from({ length: SIDE * SIDE * 3 }, () => 30 * label + 200 * stream.uniform());
        writeFileSync(join(place, `${index}.png`), encodePng({ width: SIDE, height: SIDE, channels: 3, samples }));
      }
    }
  return folder;
}

/** Options of a training of seconds, whose files are then compared. */
export function smallTraining({
  data,
  out,
  lowering,
  epochs = 1,
}: {
  readonly data: string;
  readonly out: string;
  readonly lowering: string;
  readonly epochs?: number;
}): readonly string[] {
  const options = `--model resnet8 --image-size 16 --batch-size 4 --epochs ${epochs} --validation 0.3 --ema --threads 1 --no-store`;
  return [...options.split(" "), "--data", data, "--lowering", lowering, "--out", out];
}

/** All that a training leaves: its last and best checkpoint, and the network. */
export const trainedFiles = (out: string): readonly Buffer[] =>
  ["last.safetensors", "best.safetensors", "model.onnx"].map((name) => readFileSync(join(out, name)));

export interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs `residua train` by a launcher, or alone if that is empty. @param watch hears all that was said on standard error so far */
export function trainByCommand(
  launcher: readonly string[],
  args: readonly string[],
  {
    watch = () => undefined,
    environment = {},
  }: {
    readonly watch?: (child: ChildProcess, said: string) => void;
    readonly environment?: NodeJS.ProcessEnv;
  } = {},
): Promise<Ended> {
  const [command, ...rest] = [...launcher, process.execPath, program, "train", ...args];
  const child = spawn(command, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  let [output, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (output += piece));
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    errors += piece;
    watch(child, errors);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output, errors }));
  });
}
