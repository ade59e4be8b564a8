interface Wanted {
  readonly type: string;
  readonly weight: number;
}

function readAccept(accept: string): readonly Wanted[] {
  return accept
    .split(",")
    .slice(0, 32)
    .map((part): Wanted => {
      const [type, ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
      const weight = parameters.find((text) => text.startsWith("q="))?.slice(2);
      return { type, weight: weight === undefined ? 1 : Number(weight) || 0 };
    })
    .toSorted((a, b) => b.weight - a.weight);
}

function allows(wanted: string, type: string): boolean {
  return wanted === "*/*" || wanted === type || (wanted.endsWith("/*") && type.startsWith(wanted.slice(0, -1)));
}

/**
 * The media type to answer with: of those that are offered, the one that a request wants most.
 *
 * @param accept the header Accept; anything if left out
 * @param offered the standard one first
 * @returns undefined if none of them is wanted
 * @source RFC 9110, section 12.5.1
 */
export function chooseType(accept: string | undefined, offered: readonly string[]): string | undefined {
  if (accept === undefined || accept.trim() === "") return offered[0];
  const wanted = readAccept(accept);
  const refused = wanted.filter(({ weight }) => weight === 0).map(({ type }) => type);
  const left = offered.filter((type) => !refused.includes(type));
  for (const { type, weight } of wanted) {
    const found = weight > 0 ? left.find((own) => allows(type, own)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
