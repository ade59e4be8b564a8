import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Histogram } from "../histogram.ts";
import { encodeRecord } from "./record.ts";

/** A value that TensorBoard shows under its tag. */
export type SummaryValue =
  | { readonly tag: string; readonly scalar: number }
  | { readonly tag: string; readonly histogram: Histogram }
  | { readonly tag: string; readonly image: EncodedImage };

/** A PNG with its size in pixels. */
export interface EncodedImage {
  readonly png: Uint8Array;
  readonly height: number;
  readonly width: number;
  /** 1 for grey, 3 for red, green and blue. */
  readonly channels: number;
}

/** Field numbers and wire types of TensorFlow's event.proto, summary.proto and histogram.proto. */
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** The first record of every event file. */
export function encodeFileVersion(seconds: number): Uint8Array {
  const event = startEvent(seconds, 0).tag(3, wire.bytes).string("brain.Event:2");
  return encodeRecord(event.finish());
}

/**
 * A record of one step's values.
 *
 * @param seconds since 1970
 */
export function encodeSummary(seconds: number, step: number, values: readonly SummaryValue[]): Uint8Array {
  const summary = new BinaryWriter();
  for (const value of values) summary.tag(1, wire.bytes).bytes(encodeValue(value));
  return encodeRecord(startEvent(seconds, step).tag(5, wire.bytes).bytes(summary.finish()).finish());
}

/** A record of the graph, an encoded GraphDef. */
export function encodeGraphEvent(seconds: number, graph: Uint8Array): Uint8Array {
  return encodeRecord(startEvent(seconds, 0).tag(4, wire.bytes).bytes(graph).finish());
}

function startEvent(seconds: number, step: number): BinaryWriter {
  return new BinaryWriter().tag(1, wire.fixed64).double(seconds).tag(2, wire.varint).int64(step);
}

function encodeValue(value: SummaryValue): Uint8Array {
  const writer = new BinaryWriter().tag(1, wire.bytes).string(value.tag);
  if ("scalar" in value) writer.tag(2, wire.fixed32).float(toFloat(value.scalar));
  else if ("histogram" in value) writer.tag(5, wire.bytes).bytes(encodeHistogram(value.histogram));
  else writer.tag(4, wire.bytes).bytes(encodeImage(value.image));
  return writer.finish();
}

/** Infinite beyond float32's range; the writer would refuse the value. */
function toFloat(value: number): number {
  return Math.fround(value);
}

function encodeHistogram({ min, max, count, sum, sumOfSquares, limits, counts }: Histogram): Uint8Array {
  const writer = new BinaryWriter();
  [min, max, count, sum, sumOfSquares].forEach((value, index) => writer.tag(index + 1, wire.fixed64).double(value));
  for (const [field, values] of [
    [6, limits],
    [7, counts],
  ] as const) {
    writer.tag(field, wire.bytes).fork();
    for (const value of values) writer.double(value);
    writer.join();
  }
  return writer.finish();
}

function encodeImage({ png, height, width, channels }: EncodedImage): Uint8Array {
  const writer = new BinaryWriter();
  [height, width, channels].forEach((value, index) => writer.tag(index + 1, wire.varint).int32(value));
  return writer.tag(4, wire.bytes).bytes(png).finish();
}
