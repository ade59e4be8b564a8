import type { RandomStream } from "../../../tensor/random.ts";
import type { Corners, Point } from "../geometry.ts";

const degrees = (angle: number): number => (angle * Math.PI) / 180;

/** Angles of a plate before a camera, in degrees. */
interface Angles {
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
}

/** Most plates are seen almost from the front; a third from any side. */
function drawAngles(random: RandomStream): Angles {
  const both = (most: number): number => most * (2 * random.uniform() - 1);
  if (random.uniform() < 0.65) return { yaw: both(18), pitch: both(12), roll: 4 * random.normal() };
  return { yaw: both(45), pitch: both(25), roll: both(20) };
}

/**
 * The corners of a plate as a camera sees it, about the origin: a plane turned by yaw, pitch and roll, at a distance of 3 to 20 of
 * its widths.
 *
 * @param width of the upper and lower side together, on average, in pixels
 */
export function drawPose(
  random: RandomStream,
  [plateWidth, plateHeight]: readonly [number, number],
  width: number,
): Corners {
  const { yaw, pitch, roll } = drawAngles(random);
  const distance = 3 + 17 * random.uniform();
  const [cy, sy] = [Math.cos(degrees(yaw)), Math.sin(degrees(yaw))];
  const [cp, sp] = [Math.cos(degrees(pitch)), Math.sin(degrees(pitch))];
  const [cr, sr] = [Math.cos(degrees(roll)), Math.sin(degrees(roll))];
  const aspect = plateHeight / plateWidth;
  const seen = (
    [
      [-1, -1],
      [1, -1],
      [1, 1],
      [-1, 1],
    ] as const
  ).map(([x, y]): Point => {
    const [px, py] = [x / 2, (y * aspect) / 2];
    const [x1, z1] = [px * cy, px * sy];
    const [y2, z2] = [py * cp - z1 * sp, py * sp + z1 * cp];
    const depth = 1 + z2 / distance;
    return [(x1 * cr - y2 * sr) / depth, (x1 * sr + y2 * cr) / depth];
  });
  const lengths = [
    Math.hypot(seen[1][0] - seen[0][0], seen[1][1] - seen[0][1]),
    Math.hypot(seen[2][0] - seen[3][0], seen[2][1] - seen[3][1]),
  ];
  const scale = (2 * width) / (lengths[0] + lengths[1]);
  return seen.map(([x, y]): Point => [x * scale, y * scale]) as unknown as Corners;
}
