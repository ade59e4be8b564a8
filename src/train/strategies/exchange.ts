import type { Collective } from "./collective.ts";

/** Ranks may take long until they have something to say, such as the result of a validation. */
const patiently = { isPatient: true };

/**
 * Tells every rank what each of them says. Every rank must call it.
 *
 * @returns the texts in rank order
 */
export async function gatherTexts(collective: Collective, text: string): Promise<readonly string[]> {
  const { rank, size } = collective;
  const own = new TextEncoder().encode(text);
  const lengths = new Float32Array(size);
  lengths[rank] = own.length;
  await collective.allReduce(lengths, patiently);
  const starts = Array.from(lengths, (_, index) => lengths.subarray(0, index).reduce((sum, length) => sum + length, 0));
  // One byte an element: a sum with zeros is exact.
  const bytes = new Float32Array(lengths.reduce((sum, length) => sum + length, 0));
  bytes.set(own, starts[rank]);
  await collective.allReduce(bytes, patiently);
  return starts.map((start, index) =>
    new TextDecoder().decode(Uint8Array.from(bytes.subarray(start, start + lengths[index]))),
  );
}

/** Tells every rank what rank 0 says. Every rank must call it. @param text ignored on other ranks */
export async function shareText(collective: Collective, text = ""): Promise<string> {
  const [first] = await gatherTexts(collective, collective.rank === 0 ? text : "");
  return first;
}

/** Whether any rank says so. Every rank must call it. */
export async function isAnywhere(collective: Collective, isHere: boolean): Promise<boolean> {
  const count = Float32Array.of(isHere ? 1 : 0);
  await collective.allReduce(count);
  return count[0] > 0;
}
