import { UnsupportedError } from "../../tensor/errors.ts";
import { bytesOf, type Tensor, tensor } from "../../tensor/tensor.ts";
import { joinBytes } from "../../tensor/bytes.ts";
import { pickleStateDict } from "./pickle-writer.ts";
import { zipChunks } from "../zip/write.ts";

/** The content of a checkpoint's `version` entry since PyTorch 1.6. */
const formatVersion = "3\n";

/**
 * The bytes of a PyTorch checkpoint in pieces, without copying any tensor: a state dict that `torch.load` reads, also
 * with `weights_only=True`. Equal tensors in equal order give equal bytes.
 *
 * @throws {UnsupportedError} for uint16, uint32 and uint64, which PyTorch before 2.3 lacks
 * @throws {OptionError} if the file would exceed 4 GiB
 * @source torch/serialization.py, `_save`
 */
export function encodePytorchChunks(tensors: ReadonlyMap<string, Tensor>): readonly Uint8Array[] {
  for (const [name, { dtype, shape, data }] of tensors) {
    tensor(dtype, shape, data);
    if (dtype === "uint16" || dtype === "uint32" || dtype === "uint64") {
      throw new UnsupportedError(name, `PyTorch checkpoints hold no ${dtype}; convert to int64`);
    }
  }
  const text = new TextEncoder();
  const storages = Array.from(tensors.values(), (value, index) => [`data/${index}`, bytesOf(value)] as const);
  const files: readonly (readonly [string, Uint8Array])[] = [
    ["data.pkl", pickleStateDict(tensors)],
    ["byteorder", text.encode("little")],
    ...storages,
    ["version", text.encode(formatVersion)],
  ];
  return zipChunks(files.map(([name, content]) => [`archive/${name}`, content] as const));
}

/** The bytes of a PyTorch checkpoint; see `encodePytorchChunks`. */
export function encodePytorch(tensors: ReadonlyMap<string, Tensor>): Uint8Array {
  return joinBytes(encodePytorchChunks(tensors));
}
