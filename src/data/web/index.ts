export { decodeImageBlob, readImageBlob } from "./image.ts";
export { decodePageImage, type PageImage, readPageImage } from "./page-image.ts";
