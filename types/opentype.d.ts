/** What is used of opentype.js, which brings no types of its own. */
declare module "opentype.js" {
  interface Outline {
    getBoundingBox(): { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number };
    toPathData(decimals: number): string;
  }
  interface Font {
    getPath(text: string, x: number, y: number, size: number): Outline;
  }
  const opentype: { readonly parse: (bytes: ArrayBuffer) => Font };
  export default opentype;
}
