import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EnvironmentError, OptionError } from "../tensor/errors.ts";
import { type Contender, startContender, type Tunables } from "./contender.ts";

/** A PyTorch that training steps are compared with. */
export interface Torch {
  readonly python: string;
  readonly version: string;
  /** The library of its matrix products, as it was built. */
  readonly blas: string;
  /** Whether it has torchvision's networks. */
  readonly hasVision: boolean;
  /** Whether it has torch.compile. */
  readonly compiles: boolean;
}

/** A step that PyTorch can take. */
export interface TorchStep {
  readonly model: string;
  readonly batch: number;
  /** Pixels a side. */
  readonly size: number;
}

/** Where Python is looked for if none is named. */
const usual = ["/usr/bin/python3", "python3"];

const script = (name: string): string => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url));

/** What a Python says of its PyTorch; undefined if it has none. */
function ask(python: string): Promise<Torch | undefined> {
  return new Promise((resolve) => {
    execFile(python, [script("torch_version.py")], { timeout: 300_000 }, (error, stdout) => {
      const line = stdout.trim().split("\n").at(-1) ?? "";
      resolve(error === null ? { python, ...(JSON.parse(line) as Omit<Torch, "python">) } : undefined);
    });
  });
}

/**
 * The PyTorch of each Python that is named, or of the first usual one that has it.
 *
 * @param named paths or commands
 * @throws {OptionError} if one of those has no PyTorch
 */
export async function findTorches(named: readonly string[]): Promise<readonly Torch[]> {
  if (named.length > 0)
    return Promise.all(
      named.map(async (python) => {
        const torch = await ask(python);
        if (torch === undefined)
          throw new OptionError(
            "python",
            `"${python}" has no PyTorch, or cannot be run; name a Python that imports torch`,
          );
        return torch;
      }),
    );
  for (const python of usual) {
    const torch = await ask(python);
    if (torch !== undefined) return [torch];
  }
  return [];
}

/** Such as "PyTorch 1.13.0, BLAS generic". */
export const describeTorch = ({ python, version, blas }: Torch): string =>
  `PyTorch ${version}, BLAS ${blas} (${python})`;

/** A PyTorch's modes: both layouts, and compiled where it can. Several versions are told apart by theirs. */
export function startTorch(
  torch: Torch,
  { model, batch, size }: TorchStep,
  { threads, tunables, several }: { readonly threads: number; readonly tunables: Tunables; readonly several: boolean },
): readonly Contender[] {
  if (!torch.hasVision && size > 32)
    throw new EnvironmentError(torch.python, `has no torchvision, which has ${model}; install it`);
  const name = several ? `torch ${torch.version}` : "torch";
  const modes = ["contiguous", "channels-last", ...(torch.compiles ? ["compiled"] : [])];
  return modes.map((mode) => {
    const args = [script("torch_step.py"), model, String(batch), String(size), mode, String(threads)];
    return startContender([name, mode, tunables].join(" ").trim(), torch.python, args, tunables);
  });
}
