import { exportOnnx, exportStateDict, safetensorsMetadata } from "../networks/export.ts";
import type { NetworkFile } from "../networks/file.ts";
import { encodeModelChunks } from "../onnx/encode.ts";
import { OptionError } from "../tensor/errors.ts";
import { encodePytorchChunks } from "../weights/pytorch/write.ts";
import { encodeSafetensorsChunks } from "../weights/safetensors/safetensors.ts";
import { onlyGiven, requireKnown } from "./options.ts";

/** The forms that a network is saved in. */
export type SaveForm = "onnx" | "safetensors" | "pytorch";

const forms: Readonly<Record<string, SaveForm>> = {
  ".onnx": "onnx",
  ".safetensors": "safetensors",
  ".pth": "pytorch",
  ".pt": "pytorch",
};

/**
 * The form that a file's name asks for.
 *
 * @param options those of ONNX; others have none
 * @throws {OptionError} if the ending names no form, or an option does not fit it
 */
export function formOf(file: string, options: object): SaveForm {
  const ending = /\.[^./\\]*$/.exec(file)?.[0].toLowerCase() ?? "";
  const form = Object.hasOwn(forms, ending) ? forms[ending] : undefined;
  if (form === undefined)
    throw new OptionError("file", `ends in "${ending}", must end in ${Object.keys(forms).join(", ")}; got "${file}"`);
  requireKnown("save", options, ["opset", "foldBatchNorm"]);
  const [foreign] = form === "onnx" ? [] : Object.keys(onlyGiven(options));
  if (foreign === undefined) return form;
  throw new OptionError(foreign, `goes with .onnx; ${ending} has no such thing`);
}

/** A network's file in pieces. @param where what it came from, for errors */
export function encodeNetwork(
  network: NetworkFile,
  form: SaveForm,
  { where, ...options }: { readonly where: string; readonly opset?: number; readonly foldBatchNorm?: boolean },
): readonly Uint8Array[] {
  if (form === "onnx") return encodeModelChunks(exportOnnx(network, options));
  const state = exportStateDict(network, where);
  if (form === "pytorch") return encodePytorchChunks(state);
  return encodeSafetensorsChunks(state, safetensorsMetadata(network));
}
