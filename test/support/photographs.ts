import photographs from "../golden/photographs.json" with { type: "json" };

/** A picture like a photograph, fitted in Node; test/golden/make-photographs.mjs wrote it. */
export interface FittedPhotograph {
  readonly file: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** `[channels, height, width]` as Node's reader fits it. */
  readonly pixels: Uint8Array;
}

const fromBase64 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

export const fittedPhotographs: readonly FittedPhotograph[] = photographs.cases.map((row) => ({
  ...row,
  bytes: fromBase64(photographs.files[row.file as keyof typeof photographs.files]),
  pixels: fromBase64(row.pixels),
}));

/** Mean and largest difference of two images. */
export function compareImages(a: Uint8Array, b: Uint8Array): { readonly mean: number; readonly largest: number } {
  const differences = Array.from(a, (value, at) => Math.abs(value - b[at]));
  return {
    mean: differences.reduce((sum, value) => sum + value, 0) / differences.length,
    largest: differences.reduce((most, value) => Math.max(most, value), a.length === b.length ? 0 : Infinity),
  };
}
