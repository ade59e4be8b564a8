import { readInferRequest } from "../../protocol/infer-request.ts";
import { RequestError, statusOf } from "../../protocol/request-error.ts";
import type { Message } from "../../protocol/grpc/codec.ts";
import { LARGEST_GROWTH } from "../../protocol/grpc/contents.ts";
import type { CallName } from "../../protocol/grpc/messages.ts";
import { contentsBytes, toInferBody, toInferMessage } from "../../protocol/grpc/translate.ts";
import type { Departure } from "../departure.ts";
import type { GateParts } from "../gate-parts.ts";
import { infer } from "../infer.ts";
import type { Verb } from "../policy/schema.ts";
import { describeModel, describeServer, isServerReady } from "../routes/metadata.ts";
import type { Visit } from "../visit.ts";

/** A call under way. */
export interface Call {
  readonly message: Message;
  /** Bytes of the message. */
  readonly bytes: number;
  readonly visit: Visit;
  readonly departure: Departure;
  /** Milliseconds that its client waits. */
  readonly timeout: number | undefined;
}

interface CallRow {
  /** What a caller must be allowed; none for what anybody may ask that may connect. */
  readonly verb: Verb | undefined;
  /** Which model it is about, by the fields' names. */
  readonly model?: readonly [name: string, version: string];
  readonly answer: (parts: GateParts, call: Call) => Message | Promise<Message>;
}

const NAMED = ["name", "version"] as const;

/** The model that a message names; no version if it names none, or an empty one. */
export function modelOf(
  message: Message,
  [name, version]: readonly [string, string],
): { readonly name: string; readonly version?: string } {
  const own = message[version] as string | undefined;
  return {
    name: (message[name] as string | undefined) ?? "",
    ...(own !== undefined && own !== "" && { version: own }),
  };
}

/** Extents as gRPC has them. */
const widen = <T extends { readonly shape: readonly number[] }>(tensors: readonly T[]): readonly Message[] =>
  tensors.map((tensor) => ({ ...tensor, shape: tensor.shape.map(BigInt) }));

/** How each call is answered: as HTTP answers it. */
export const rows: { readonly [Name in CallName]: CallRow } = {
  ServerLive: { verb: undefined, answer: () => ({ live: true }) },
  ServerReady: { verb: undefined, answer: (parts) => ({ ready: isServerReady(parts) }) },
  ServerMetadata: { verb: "metadata", answer: (parts) => ({ ...describeServer(parts) }) },
  ModelReady: {
    verb: "metadata",
    model: NAMED,
    answer: ({ models }, { message }) => {
      const { name, version } = modelOf(message, NAMED);
      try {
        models.find(name, version);
      } catch (error) {
        if (statusOf(error) !== 503) throw error;
        return { ready: false };
      }
      return { ready: true };
    },
  },
  ModelMetadata: {
    verb: "metadata",
    model: NAMED,
    answer: ({ models }, { message }) => {
      const { name, version } = modelOf(message, NAMED);
      const { inputs, outputs, ...own } = describeModel(models, name, version);
      return { ...own, inputs: widen(inputs), outputs: widen(outputs) };
    },
  },
  ModelInfer: {
    verb: "infer",
    model: ["model_name", "model_version"],
    answer: async (parts, { message, bytes, visit, departure, timeout }) => {
      const { name, version } = modelOf(message, ["model_name", "model_version"]);
      const served = parts.models.find(name, version);
      visit.served = served;
      // The message, its contents decoded, and both once more as HTTP has them.
      visit.share.growTo(2 * bytes + 2 * LARGEST_GROWTH * contentsBytes(message));
      const { body, headerLength } = toInferBody(message);
      const read = readInferRequest(body, headerLength, served.signature);
      const answer = await infer(parts, served, {
        read,
        bytes: body.length,
        departure,
        ...(timeout !== undefined && { timeout }),
      });
      return toInferMessage(answer);
    },
  },
};

/** A message's bytes in gRPC's frame: whether it is packed, its length, itself. */
export function frame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The one message of a call. @throws {RequestError} if it is packed, or not exactly one */
export function unframe(body: Buffer): Uint8Array {
  if (body.length < 5) throw new RequestError(400, "message", "is missing or truncated");
  if (body[0] !== 0) throw new RequestError(501, "grpc-encoding", "must be identity: packed messages are not read");
  const length = body.readUInt32BE(1);
  if (body.length !== 5 + length)
    throw new RequestError(400, "message", `has ${body.length - 5} bytes, must be one of ${length}`);
  return body.subarray(5);
}
