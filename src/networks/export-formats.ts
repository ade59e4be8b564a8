/** The export formats. */
export const exportFormats = ["onnx", "safetensors", "pytorch"] as const;
export type ExportFormat = (typeof exportFormats)[number];
