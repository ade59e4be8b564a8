/** A signal after n layers of factor w one after another: wⁿ. */
export function chainProduct(depth: number, weight: number): number {
  return weight ** depth;
}

/**
 * A signal after n blocks that each add r·w of it to itself: (1 + r·w)ⁿ. The 1 is the wire.
 *
 * @param residual r, how much of F is added
 */
export function residualProduct(depth: number, weight: number, residual: number): number {
  return (1 + residual * weight) ** depth;
}

/** Both products after every layer, from 0 to `depth`. */
export function traceChain(
  depth: number,
  weight: number,
  residual: number,
): { readonly plain: readonly number[]; readonly residual: readonly number[] } {
  const layers = Array.from({ length: depth + 1 }, (_, layer) => layer);
  return {
    plain: layers.map((layer) => chainProduct(layer, weight)),
    residual: layers.map((layer) => residualProduct(layer, weight, residual)),
  };
}

/** A factor for readers: three digits, in powers of ten if it is very small or large. */
export function formatFactor(value: number): string {
  if (value === 0) return "0";
  const power = Math.floor(Math.log10(Math.abs(value)));
  if (power >= -4 && power <= 5) return String(Number(value.toPrecision(3)));
  const mantissa = (value / 10 ** power).toFixed(1);
  return `${mantissa} × 10${String(power).replaceAll(/./g, (sign) => superscripts[sign] ?? sign)}`;
}

const superscripts: Readonly<Record<string, string>> = {
  "-": "⁻",
  ...Object.fromEntries(Array.from("⁰¹²³⁴⁵⁶⁷⁸⁹", (sign, digit) => [String(digit), sign])),
};
