/** The versions of ONNX's operators that models can be written in. */
export const opsetRange: { readonly first: number; readonly last: number } = { first: 11, last: 23 };
