import { type AddressRules, parseAddressRules, plainAddress } from "./address.ts";
import type { Policy } from "./schema.ts";

/** Whether an address may connect, and the rule that says so. */
export interface NetworkDecision {
  readonly isAllowed: boolean;
  /** `deny`, `allow`, `default`, or `no address`. */
  readonly rule: string;
}

/** Decides about addresses. */
export interface NetworkRules {
  /** Deny beats allow, allow beats the default; what is no address is denied. */
  readonly decide: (address: string) => NetworkDecision;
  /** Whether a peer may connect: as `decide` says, or as a trusted proxy that is not denied. */
  readonly mayConnect: (address: string, proxiesOnly: boolean) => boolean;
  readonly trustedProxies: AddressRules;
}

/** Addresses about which the decision is remembered, since each asks many times. */
const MOST_KNOWN = 4096;
const LONGEST_KNOWN = 64;

/**
 * Reads a policy's rules over addresses.
 *
 * @throws {OptionError} naming the entry that is no address or block
 */
export function createNetworkRules(network: Policy["network"]): NetworkRules {
  const deny = parseAddressRules(network.deny, "network.deny");
  const allow = parseAddressRules(network.allow, "network.allow");
  const trustedProxies = parseAddressRules(network.trustedProxies, "network.trustedProxies");
  const look = (text: string): NetworkDecision => {
    const address = plainAddress(text);
    if (address === undefined) return { isAllowed: false, rule: "no address" };
    if (deny.matches(address)) return { isAllowed: false, rule: "deny" };
    if (allow.matches(address)) return { isAllowed: true, rule: "allow" };
    return { isAllowed: network.default === "allow", rule: "default" };
  };
  const known = new Map<string, NetworkDecision>();
  const decide = (text: string): NetworkDecision => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const decision = look(text);
    if (known.size >= MOST_KNOWN) known.clear();
    // A zone may be of any length.
    if (text.length <= LONGEST_KNOWN) known.set(text, decision);
    return decision;
  };
  return {
    trustedProxies,
    decide,
    mayConnect: (text, proxiesOnly) => {
      const address = plainAddress(text);
      if (address !== undefined && trustedProxies.matches(address)) return !deny.matches(address);
      return !proxiesOnly && decide(text).isAllowed;
    },
  };
}

/** Proxies that may stand between a client and the server: more is an attempt to make work. */
const MOST_PROXIES = 16;

/**
 * The address of the client behind proxies: from right to left, the first that is no trusted proxy. Without a trusted proxy
 * as peer, the header counts for nothing.
 *
 * @param peer address at the other end of the connection
 * @param forwarded the header X-Forwarded-For, if there is one
 * @returns undefined if a trusted proxy forwarded something that is no address
 */
export function clientAddress(
  peer: string,
  forwarded: string | undefined,
  { trustedProxies }: NetworkRules,
): string | undefined {
  const isTrusted = (text: string): boolean => {
    const address = plainAddress(text);
    return address !== undefined && trustedProxies.matches(address);
  };
  if (forwarded === undefined || !isTrusted(peer)) return peer;
  const hops = forwarded.split(",").map((hop) => hop.trim());
  if (hops.length > MOST_PROXIES) return undefined;
  for (const hop of hops.toReversed()) {
    // Some proxies write a port, and brackets around IPv6.
    const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(hop)?.[1] ?? hop;
    if (plainAddress(bare) === undefined) return undefined;
    if (!isTrusted(bare)) return bare;
  }
  return peer;
}
