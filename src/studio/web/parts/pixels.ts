/** A picture of bytes, red, green and blue: `[height, width, 3]`. */
export interface RgbPixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** The pixels as a canvas takes them. */
function toImageData({ width, height, data }: RgbPixels): ImageData {
  const own = new Uint8ClampedArray(4 * height * width);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) {
    for (let channel = 0; channel < 3; channel++) own[to + channel] = data[from + channel];
    own[to + 3] = 255;
  }
  return new ImageData(own, width, height);
}

/** Draws a picture on a canvas, which takes its size. */
export function drawPixels(canvas: HTMLCanvasElement | OffscreenCanvas, pixels: RgbPixels): void {
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  canvas.getContext("2d")?.putImageData(toImageData(pixels), 0, 0);
}
