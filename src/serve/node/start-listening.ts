import type { ListenOptions, Server } from "node:net";
import { toEnvironmentError } from "../../files/node.ts";
import { hasCode } from "../../files/node/failure.ts";
import { EnvironmentError } from "../../tensor/errors.ts";

/** Why an address cannot be listened on, in one line. */
export function toListeningError(where: string, cause: unknown): EnvironmentError {
  return hasCode(cause, "EADDRINUSE")
    ? new EnvironmentError(where, "is in use by another program; choose another", { cause })
    : toEnvironmentError(where, "cannot listen", cause);
}

/**
 * Lets a server listen.
 *
 * @param where the address, for errors
 * @throws {EnvironmentError} if it is in use, or may not be listened on
 */
export async function startListening(server: Server, where: string, at: ListenOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: Error): void => reject(toListeningError(where, cause));
    server.once("error", fail);
    server.listen(at, () => {
      server.off("error", fail);
      resolve();
    });
  });
}
