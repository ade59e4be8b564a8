import { writeFile } from "node:fs/promises";

/** A frame of bytes, red, green and blue, with even sides. */
export interface CameraFrame {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Luminance, then both colours at half the resolution. @source ITU-R BT.601 */
function toPlanes({ width, height, data }: CameraFrame): readonly Buffer[] {
  const mix = (at: number, [r, g, b]: readonly [number, number, number], base: number): number =>
    Math.max(0, Math.min(255, Math.round(base + (r * data[at] + g * data[at + 1] + b * data[at + 2]) / 256)));
  const planes = [width * height, (width * height) / 4, (width * height) / 4].map((length) => Buffer.alloc(length));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = 3 * (y * width + x);
      planes[0][y * width + x] = mix(at, [66, 129, 25], 16);
      if (x % 2 > 0 || y % 2 > 0) continue;
      const half = (y / 2) * (width / 2) + x / 2;
      planes[1][half] = mix(at, [-38, -74, 112], 128);
      planes[2][half] = mix(at, [112, -94, -18], 128);
    }
  return planes;
}

/** Writes a video that Chromium shows as its camera in tests, over and over. */
export async function writeCamera(path: string, frames: readonly CameraFrame[]): Promise<void> {
  const [{ width, height }] = frames;
  const head = Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420\n`);
  const parts = frames.flatMap((frame) => [Buffer.from("FRAME\n"), ...toPlanes(frame)]);
  await writeFile(path, Buffer.concat([head, ...parts]));
}

/** What Chromium is started with to have such a camera. */
export const cameraFlags = (path: string): readonly string[] => [
  "--use-fake-device-for-media-stream",
  `--use-file-for-fake-video-capture=${path}`,
];
