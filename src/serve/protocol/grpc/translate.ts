import { elementBytes, isDataType } from "../data-types.ts";
import type { InferAnswer } from "../infer-response.ts";
import { RequestError } from "../request-error.ts";
import type { Message } from "./codec.ts";
import { readContents } from "./contents.ts";

// Messages of inference to and from the form that HTTP has: JSON, and tensors as bytes behind it. So both are checked alike.

interface NamedValue {
  readonly key?: string;
  readonly value?: Message;
}

interface TensorMessage {
  readonly name?: string;
  readonly datatype?: string;
  readonly shape: readonly bigint[];
  readonly parameters: readonly NamedValue[];
  readonly contents?: Uint8Array;
}

interface InferMessage {
  readonly model_name?: string;
  readonly model_version?: string;
  readonly id?: string;
  readonly parameters: readonly NamedValue[];
  readonly inputs: readonly TensorMessage[];
  readonly outputs: readonly { readonly name?: string; readonly parameters: readonly NamedValue[] }[];
  readonly raw_input_contents: readonly Uint8Array[];
}

type Plain = Readonly<Record<string, string | number | boolean>>;

/** Parameters as JSON has them. @throws {RequestError} for a whole number beyond 2^53 */
function toPlain(entries: readonly NamedValue[], where: string): Plain {
  return Object.fromEntries(
    entries.map(({ key = "", value = {} }) => {
      const [found] = Object.values(value);
      if (typeof found !== "bigint") return [key, found as string | number | boolean];
      if (!Number.isSafeInteger(Number(found))) throw new RequestError(400, `${where}.${key}`, "is beyond 2^53");
      return [key, Number(found)];
    }),
  );
}

/** What a request for inference takes in memory when its typed contents are decoded, at most. */
export function contentsBytes(message: Message): number {
  return (message as unknown as InferMessage).inputs.reduce((sum, { contents }) => sum + (contents?.length ?? 0), 0);
}

/**
 * A request for inference as JSON with its tensors behind it.
 *
 * @throws {RequestError} if contents and raw contents do not fit the inputs
 */
export function toInferBody(message: Message): { readonly body: Uint8Array; readonly headerLength: number } {
  const { id, parameters, inputs, outputs, raw_input_contents: raw } = message as unknown as InferMessage;
  if (raw.length > 0 && raw.length !== inputs.length)
    throw new RequestError(400, "raw_input_contents", `must have ${inputs.length} entries, has ${raw.length}`);
  const pieces = inputs.map((input, index) => bytesOf(input, raw[index], `inputs[${index}]`));
  const head = {
    ...(id !== undefined && id !== "" && { id }),
    parameters: { ...toPlain(parameters, "parameters"), binary_data_output: true },
    inputs: inputs.map(({ name = "", datatype = "", shape, parameters: own }, index) => ({
      name,
      datatype,
      shape: shape.map(Number),
      parameters: { ...toPlain(own, `inputs[${index}].parameters`), binary_data_size: pieces[index].length },
    })),
    ...(outputs.length > 0 && {
      outputs: outputs.map(({ name = "", parameters: own }, index) => ({
        name,
        parameters: { ...toPlain(own, `outputs[${index}].parameters`), binary_data: true },
      })),
    }),
  };
  const json = new TextEncoder().encode(JSON.stringify(head));
  const body = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, json.length));
  body.set(json);
  let at = json.length;
  for (const piece of pieces) {
    body.set(piece, at);
    at += piece.length;
  }
  return { body, headerLength: json.length };
}

function bytesOf(
  { datatype = "", shape, contents }: TensorMessage,
  raw: Uint8Array | undefined,
  where: string,
): Uint8Array {
  if (raw !== undefined) {
    if (contents !== undefined && contents.length > 0)
      throw new RequestError(400, `${where}.contents`, "is given beside raw_input_contents; give one of them");
    return raw;
  }
  // A type that is not known is refused with its name later.
  if (!isDataType(datatype)) return new Uint8Array();
  const count = shape.reduce((product, extent) => product * Number(extent), 1);
  if (!Number.isSafeInteger(count * elementBytes(datatype)) || count < 0)
    throw new RequestError(400, `${where}.shape`, "is no shape of a tensor");
  return readContents(datatype, count, contents ?? new Uint8Array(), `${where}.contents`);
}

/** An answer to inference, all of whose outputs are bytes, as a message. */
export function toInferMessage({ body, headerLength = body.length }: InferAnswer): Message {
  const head = JSON.parse(new TextDecoder().decode(body.subarray(0, headerLength))) as {
    readonly model_name: string;
    readonly model_version: string;
    readonly id?: string;
    readonly outputs: readonly {
      readonly name: string;
      readonly datatype: string;
      readonly shape: readonly number[];
      readonly parameters: { readonly binary_data_size: number };
    }[];
  };
  const { model_name, model_version, id, outputs } = head;
  let at = headerLength;
  const raw = outputs.map(({ parameters: { binary_data_size: size } }) => {
    const piece = body.subarray(at, at + size);
    at += size;
    return piece;
  });
  return {
    model_name,
    model_version,
    id,
    outputs: outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(BigInt) })),
    raw_output_contents: raw,
  };
}
