import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { FormatError } from "../../tensor/errors.ts";

/** Parses a message; what the generated parser finds wrong beyond what was checked before becomes a refusal. @throws {FormatError} */
export function parseMessage<Desc extends DescMessage>(
  where: string,
  schema: Desc,
  bytes: Uint8Array,
): MessageShape<Desc> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/\s+/g, " ") : String(cause);
    throw new FormatError(where, `is not a readable ONNX file: ${reason}`, { cause });
  }
}
