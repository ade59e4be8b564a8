import { OptionError } from "../../../tensor/errors.ts";
import { ipv6Groups, plainAddress } from "./address.ts";
import type { Policy } from "./schema.ts";

/** Whether only this machine reaches an address. */
export function isLoopback(address: string): boolean {
  if (address === "localhost") return true;
  const plain = plainAddress(address);
  if (plain === undefined) return false;
  return plain.family === "ipv4"
    ? plain.address.startsWith("127.")
    : ipv6Groups(plain.address).join(":") === "0:0:0:0:0:0:0:1";
}

/**
 * Refuses what would send keys over a network in the clear: a listener beyond this machine has TLS, unless it takes trusted
 * proxies alone. One that others reach has clients at all.
 *
 * @throws {OptionError} naming the listener
 */
export function requireSafeListeners(policy: Policy): void {
  for (const [index, listener] of policy.listen.entries()) requireSafe(listener, policy, `listen[${index}]`);
}

function requireSafe(listener: Policy["listen"][number], { clients, network }: Policy, where: string): void {
  if ("path" in listener) return;
  if (listener.proxiesOnly && network.trustedProxies.length === 0)
    throw new OptionError(`${where}.proxiesOnly`, "lets nobody in: network.trustedProxies is empty");
  if (isLoopback(listener.address)) return;
  if (clients.length === 0)
    throw new OptionError(where, `${listener.address} is reached by others, so clients must name who may ask`);
  if (listener.tls === undefined && !listener.proxiesOnly)
    throw new OptionError(
      where,
      `keys would cross the network in the clear on ${listener.address}: add tls, or proxiesOnly`,
    );
}
