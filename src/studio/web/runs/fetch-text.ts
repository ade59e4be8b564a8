import { EnvironmentError, errorMessage } from "../../../tensor/errors.ts";

/**
 * Fetches a text of the server's that gave the page.
 *
 * @throws {EnvironmentError} if it does not answer, or the page was not opened by the address that it printed
 */
export async function fetchText(address: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(address);
  } catch (cause) {
    throw new EnvironmentError(address, `cannot be fetched: ${errorMessage(cause)}`, { cause });
  }
  if (response.status === 401)
    throw new EnvironmentError(address, "is not given to this page; open the address that residua studio printed last");
  if (!response.ok) throw new EnvironmentError(address, `cannot be fetched: the server answered ${response.status}`);
  return response.text();
}
