import { OptionError } from "../../../tensor/errors.ts";
import { ipv6Groups, parseBlock, plainAddress } from "./address.ts";
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

/** Whether a block lies within another. */
function lies(inner: string, outers: readonly string[], where: string): boolean {
  const { address, family, bits } = parseBlock(inner, where);
  return outers.some((outer) => {
    const around = parseBlock(outer, where);
    return (
      around.family === family &&
      around.bits <= bits &&
      bitsOf(around.address, around.family, around.bits) === bitsOf(address, family, around.bits)
    );
  });
}

function bitsOf(address: string, family: "ipv4" | "ipv6", bits: number): string {
  const parts = family === "ipv4" ? address.split(".").map(Number) : ipv6Groups(address);
  const width = family === "ipv4" ? 8 : 16;
  return parts
    .map((part) => part.toString(2).padStart(width, "0"))
    .join("")
    .slice(0, bits);
}

/**
 * Refuses what would send keys over a network in the clear: a listener beyond this machine has TLS if clients have keys, unless
 * every address that may connect is a trusted proxy's. One that others reach has clients at all.
 *
 * @throws {OptionError} naming the listener
 */
export function requireSafeListeners(policy: Policy): void {
  for (const [index, listener] of policy.listen.entries()) requireSafe(listener, policy, `listen[${index}]`);
}

function requireSafe(listener: Policy["listen"][number], { clients, network }: Policy, where: string): void {
  if ("path" in listener || isLoopback(listener.address)) return;
  if (clients.length === 0)
    throw new OptionError(where, `${listener.address} is reached by others, so clients must name who may ask`);
  if (listener.tls !== undefined) return;
  const isBehindProxies =
    network.default === "deny" &&
    network.allow.length > 0 &&
    network.allow.every((block) => lies(block, network.trustedProxies, where));
  if (!isBehindProxies)
    throw new OptionError(
      where,
      `keys would cross the network in the clear on ${listener.address}: add tls, or allow trusted proxies alone`,
    );
}
