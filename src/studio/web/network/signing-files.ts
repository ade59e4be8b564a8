import type { Dropped } from "../dropped.ts";
import type { SignatureFiles } from "./describe-job.ts";

/** Files by what their names say that they are. */
export interface Sorted {
  readonly networks: readonly File[];
  readonly signatures: readonly File[];
  readonly keys: readonly File[];
}

export function sortDropped(dropped: Dropped): Sorted {
  const files = "files" in dropped ? dropped.files.map(({ file }) => file) : [];
  const ending = (end: string): readonly File[] => files.filter(({ name }) => name.endsWith(end));
  const [signatures, keys] = [ending(".sig"), ending(".pub")];
  const networks = files.filter((file) => !signatures.includes(file) && !keys.includes(file));
  return { networks, signatures, keys };
}

/** What a network is checked by. */
export const signingOf = (signature: File | undefined, key: File | undefined): SignatureFiles => ({
  ...(signature === undefined ? {} : { signature }),
  ...(key === undefined ? {} : { key }),
});

const isNamedAfter = (signature: File, network: File | undefined): boolean =>
  network !== undefined && signature.name === `${network.name}.sig`;

/**
 * What two networks are checked by: the signatures that are called after them, and one key for both. If only one of them is a file,
 * a signature is that file's, whatever it is called.
 */
export function signingOfTwo(
  [first, other]: readonly [File | undefined, File | undefined],
  { signatures, keys: [key] }: Sorted,
): { readonly signing: SignatureFiles; readonly otherSigning: SignatureFiles } {
  const isOthers = (one: File): boolean =>
    first === undefined || (isNamedAfter(one, other) && !isNamedAfter(one, first));
  const [own, theirs] = [signatures.find((one) => !isOthers(one)), signatures.find(isOthers)];
  return { signing: signingOf(own, key), otherSigning: signingOf(theirs, key) };
}

/** Whether there is too much of something, or it cannot be told which signature is whose. */
export function isUnclear(
  { networks, signatures, keys }: Sorted,
  [first, other]: readonly (File | undefined)[],
): boolean {
  if (networks.length > 2 || keys.length > 1 || signatures.length > 2) return true;
  if (signatures.length < 2) return false;
  const isPair = first !== undefined && other !== undefined && first.name !== other.name;
  return !isPair || [first, other].some((network) => !signatures.some((one) => isNamedAfter(one, network)));
}
