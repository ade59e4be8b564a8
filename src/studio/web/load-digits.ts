import { decodePng } from "../../data/image/png.ts";
import { EnvironmentError } from "../../tensor/errors.ts";
import { cutDigits, type Digits } from "../digits.ts";

/**
 * Fetches the site's digits.
 *
 * @param address of `digits.png`
 * @throws {EnvironmentError} if the address does not answer
 * @throws {FormatError} if it is another picture
 */
export async function loadDigits(address: string): Promise<Digits> {
  const response = await fetch(address);
  if (!response.ok) throw new EnvironmentError(address, `cannot be fetched: the server answered ${response.status}`);
  return cutDigits(await decodePng(new Uint8Array(await response.arrayBuffer())), address);
}
