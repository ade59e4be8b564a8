import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ReadImages } from "./read-job.ts";

/** The pixels of one image as a canvas takes them. @param place among all images */
export function pixelsOf({ images, size }: ReadImages, place: number): ImageData {
  const area = size * size;
  const own = images.subarray(place * 3 * area, (place + 1) * 3 * area);
  const data = new Uint8ClampedArray(4 * area);
  for (let at = 0; at < area; at++) {
    for (let channel = 0; channel < 3; channel++) data[4 * at + channel] = own[channel * area + at];
    data[4 * at + 3] = 255;
  }
  return new ImageData(data, size, size);
}

/** An image as the network sees it. */
export function Picture({ images, place }: { readonly images: ReadImages; readonly place: number }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => canvas.current?.getContext("2d")?.putImageData(pixelsOf(images, place), 0, 0), [images, place]);
  const name = images.names[place].split("/").at(-1)!;
  return <canvas ref={canvas} class="picture" width={images.size} height={images.size} role="img" aria-label={name} />;
}
