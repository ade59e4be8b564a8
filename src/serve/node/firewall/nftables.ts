import { blocksOf } from "../policy/blocks.ts";
import type { Policy } from "../policy/schema.ts";
import { type PortRules, portRules } from "./rules.ts";

/** A policy's rules for nftables, as a file that `nft -f` loads: a table of its own, which leaves all others alone. */
export function writeNftables(policy: Policy): string {
  const lines = portRules(policy).flatMap(chainRules);
  return [
    "#!/usr/sbin/nft -f",
    "table inet residua",
    "delete table inet residua",
    "table inet residua {",
    "  chain input {",
    "    type filter hook input priority filter; policy accept;",
    "    ct state established,related accept",
    ...lines.map((line) => `    ${line}`),
    "  }",
    "}",
    "",
  ].join("\n");
}

function chainRules({ port, address, deny, allow, rest }: PortRules): readonly string[] {
  const family = address?.includes(":") ? "ip6" : "ip";
  const target = `${address === undefined ? "" : `${family} daddr ${address} `}tcp dport ${port}`;
  const match = (blocks: readonly string[], verdict: string): readonly string[] =>
    (
      [
        ["ip", "ipv4"],
        ["ip6", "ipv6"],
      ] as const
    ).flatMap(([name, own]) => {
      const found = blocksOf(own, blocks, "network");
      // One rule per block: blocks of a set must not overlap.
      return found.map((block) => `${target} ${name} saddr ${block} ${verdict}`);
    });
  return [...match(deny, "drop"), ...match(allow, "accept"), `${target} ${rest === "deny" ? "drop" : "accept"}`];
}
