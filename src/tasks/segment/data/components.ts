/** Connected parts of a mask, numbered from 1. */
export interface Components {
  /** `[height, width]`, 0 where the mask is not set. */
  readonly labels: Int32Array;
  readonly count: number;
}

/**
 * Numbers the connected parts of a mask in the order in which rows meet them; points that touch at a corner are not connected.
 *
 * @param isSet whether a point belongs to any part
 */
export function labelComponents(
  isSet: (at: number) => boolean,
  { height, width }: { readonly height: number; readonly width: number },
): Components {
  const labels = new Int32Array(height * width);
  const stack = new Int32Array(height * width);
  let count = 0;
  for (let start = 0; start < labels.length; start++) {
    if (labels[start] !== 0 || !isSet(start)) continue;
    labels[start] = ++count;
    let top = 0;
    stack[top++] = start;
    while (top > 0) {
      const at = stack[--top];
      const row = Math.floor(at / width);
      const column = at - row * width;
      for (let down = -1; down <= 1; down++) {
        const other = row + down;
        if (other < 0 || other >= height) continue;
        for (let across = -1; across <= 1; across++) {
          if (down !== 0 && across !== 0) continue;
          const near = column + across;
          if (near < 0 || near >= width) continue;
          const place = other * width + near;
          if (labels[place] !== 0 || !isSet(place)) continue;
          labels[place] = count;
          stack[top++] = place;
        }
      }
    }
  }
  return { labels, count };
}
