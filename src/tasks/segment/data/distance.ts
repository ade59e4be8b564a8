/** Farther than any image reaches, and its square is still exact. */
const FAR = 2 ** 24;

/** Distance along each row to the nearest point of another label; the edge of the image is no border. */
function distancesAlongRows(labels: ArrayLike<number>, height: number, width: number, out: Float32Array): void {
  for (let row = 0; row < height; row++) {
    const start = row * width;
    let run = FAR;
    for (let at = start; at < start + width; at++) {
      run = at > start && labels[at] === labels[at - 1] ? run + 1 : at > start ? 1 : FAR;
      out[at] = run;
    }
    run = FAR;
    for (let at = start + width - 1; at >= start; at--) {
      run = at < start + width - 1 && labels[at] === labels[at + 1] ? run + 1 : at < start + width - 1 ? 1 : FAR;
      if (run < out[at]) out[at] = run;
    }
  }
}

/**
 * Distance of every point of a cell to the nearest point outside it, exact; 0 in the background. Within a column, only the
 * run of the cell itself matters: whatever lies behind its end is farther away than the end.
 *
 * @param labels `[height, width]`, 0 for background
 * @source Felzenszwalb and Huttenlocher 2012, "Distance transforms of sampled functions", section 2
 */
export function distanceToOutside(labels: ArrayLike<number>, height: number, width: number): Float32Array {
  const rows = new Float32Array(height * width);
  distancesAlongRows(labels, height, width, rows);
  const out = new Float32Array(height * width);
  const squares = new Float64Array(height + 2);
  const places = new Int32Array(height + 2);
  const parabolas = new Int32Array(height + 2);
  const borders = new Float64Array(height + 3);
  for (let column = 0; column < width; column++) {
    let begin = 0;
    while (begin < height) {
      const label = labels[begin * width + column];
      let end = begin + 1;
      while (end < height && labels[end * width + column] === label) end++;
      if (label !== 0) {
        let count = 0;
        if (begin > 0) [squares[count], places[count++]] = [0, begin - 1];
        for (let row = begin; row < end; row++) {
          const along = rows[row * width + column];
          if (along < FAR) [squares[count], places[count++]] = [along * along, row];
        }
        if (end < height) [squares[count], places[count++]] = [0, end];
        writeEnvelope({ squares, places, parabolas, borders, count }, begin, end, (row, square) => {
          out[row * width + column] = Math.sqrt(square);
        });
      }
      begin = end;
    }
  }
  return out;
}

interface Envelope {
  readonly squares: Float64Array;
  readonly places: Int32Array;
  readonly parabolas: Int32Array;
  readonly borders: Float64Array;
  readonly count: number;
}

/** The lower envelope of parabolas (row − place)² + square, row by row. */
function writeEnvelope(
  { squares, places, parabolas, borders, count }: Envelope,
  begin: number,
  end: number,
  write: (row: number, square: number) => void,
): void {
  if (count === 0) {
    // A cell that fills its whole plane has no outside; all of it is equally deep.
    for (let row = begin; row < end; row++) write(row, 1);
    return;
  }
  let top = 0;
  parabolas[0] = 0;
  borders[0] = Number.NEGATIVE_INFINITY;
  for (let next = 1; next < count; next++) {
    const height = squares[next] + places[next] ** 2;
    const crossing = (other: number): number =>
      (height - squares[other] - places[other] ** 2) / (2 * (places[next] - places[other]));
    let at = crossing(parabolas[top]);
    while (at <= borders[top]) at = crossing(parabolas[--top]);
    parabolas[++top] = next;
    borders[top] = at;
  }
  let current = 0;
  for (let row = begin; row < end; row++) {
    while (current < top && borders[current + 1] < row) current++;
    const from = parabolas[current];
    write(row, (row - places[from]) ** 2 + squares[from]);
  }
}
