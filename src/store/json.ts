import { canonicalJson } from "../tensor/canonical-json.ts";

/** JSON with sorted keys in which NaN and the infinities are the texts "NaN", "Infinity" and "-Infinity". */
export function encodeJson(value: unknown): string {
  return canonicalJson(value, String);
}

/** A number as {@link encodeJson} wrote it. */
export function decodeNumber(value: unknown): number {
  return Number(value);
}
