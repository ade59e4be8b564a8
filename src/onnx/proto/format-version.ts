/** The last opset of each version of the file format. @source ONNX, docs/Versioning.md */
const formatVersions: readonly (readonly [format: bigint, opset: number])[] = [
  [8n, 18],
  [9n, 20],
  [10n, 22],
  [11n, 23],
  [12n, 24],
];

/** The version of the file format for a model's operator sets. */
export function formatVersion(opsets: ReadonlyMap<string, number>): bigint {
  const opset = opsets.get("") ?? opsets.get("ai.onnx") ?? 0;
  return formatVersions.find(([, last]) => opset <= last)?.[0] ?? 13n;
}
