import { isLoopback } from "../policy/exposure.ts";
import { blocksOf } from "../policy/blocks.ts";
import type { Policy, PortListener } from "../policy/schema.ts";

/** What others may do with one port, in the order in which it is decided: denied, then allowed, then the rest. */
export interface PortRules {
  readonly port: number;
  /** The one address that it listens on; undefined for all of them. */
  readonly address: string | undefined;
  readonly deny: readonly string[];
  readonly allow: readonly string[];
  readonly rest: "allow" | "deny";
}

const everywhere = new Set(["0.0.0.0", "::"]);

/** The rules of every port that others could reach. Loopback and Unix sockets need none. */
export function portRules({ listen, network }: Policy): readonly PortRules[] {
  return listen
    .filter((listener): listener is PortListener => !("path" in listener) && !isLoopback(listener.address))
    .map(({ port, address, proxiesOnly }) => ({
      port,
      address: everywhere.has(address) ? undefined : address,
      deny: network.deny,
      allow: proxiesOnly ? network.trustedProxies : [...network.allow, ...network.trustedProxies],
      rest: proxiesOnly ? "deny" : network.default,
    }));
}

/** Blocks as a firewall wants them: IPv4 first, each with its first address. */
export function plainBlocks(blocks: readonly string[]): readonly string[] {
  return (["ipv4", "ipv6"] as const).flatMap((family) => blocksOf(family, blocks, "network"));
}
