/** Sweeps after which the off-diagonal of any matrix in use has long vanished. */
const SWEEPS = 60;

/**
 * Eigenvalues and eigenvectors of a symmetric matrix, the largest eigenvalue first, by Jacobi's rotations. The sign of a vector is
 * such that its largest component is positive, so that equal matrices give equal vectors.
 *
 * @param matrix `[size, size]`
 * @returns `values` `[size]` and `vectors` `[size, size]`, one per row
 * @source Golub and Van Loan, Matrix Computations, 4th edition, algorithm 8.5.3 (cyclic Jacobi)
 */
export function symmetricEigen(
  matrix: Float64Array,
  size: number,
): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const a = matrix.slice();
  const rows = new Float64Array(size * size);
  for (let index = 0; index < size; index++) rows[index * size + index] = 1;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let [off, all] = [0, 0];
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        all += a[i * size + j] ** 2;
        if (i !== j) off += a[i * size + j] ** 2;
      }
    }
    if (off <= 1e-28 * all) break;
    for (let p = 0; p < size - 1; p++) for (let q = p + 1; q < size; q++) rotate(a, rows, { size, p, q });
  }
  const order = Array.from({ length: size }, (_, index) => index).toSorted((x, y) => a[y * size + y] - a[x * size + x]);
  const vectors = new Float64Array(size * size);
  for (const [place, index] of order.entries()) {
    const row = rows.subarray(index * size, (index + 1) * size);
    const largest = row.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    vectors.set(largest < 0 ? row.map((value) => -value) : row, place * size);
  }
  return { values: Float64Array.from(order, (index) => a[index * size + index]), vectors };
}

/** Makes a[p][q] zero, and turns the vectors alike. */
function rotate(
  a: Float64Array,
  rows: Float64Array,
  { size, p, q }: { readonly size: number; readonly p: number; readonly q: number },
): void {
  const apq = a[p * size + q];
  if (apq === 0) return;
  const theta = (a[q * size + q] - a[p * size + p]) / (2 * apq);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  const turn = (values: Float64Array, first: number, second: number): void => {
    const [x, y] = [values[first], values[second]];
    values[first] = c * x - s * y;
    values[second] = s * x + c * y;
  };
  for (let k = 0; k < size; k++) turn(a, k * size + p, k * size + q);
  for (let k = 0; k < size; k++) turn(a, p * size + k, q * size + k);
  for (let k = 0; k < size; k++) turn(rows, p * size + k, q * size + k);
}
