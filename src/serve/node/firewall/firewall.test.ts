import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { randomStream } from "../../../tensor/random.ts";
import { parseAddressRules, plainAddress } from "../policy/address.ts";
import { createNetworkRules } from "../policy/network-rules.ts";
import { parsePolicy, type Policy } from "../policy/schema.ts";
import { firewalls } from "./write.ts";

const stream = randomStream(2, "firewalls");
const below = (count: number): number => Math.floor(stream.uniform() * count);

/** Few different bytes, so that blocks often match. */
const randomAddress = (): string =>
  below(2) === 0
    ? Array.from({ length: 4 }, () => [0, 10, 128, 255][below(4)]).join(".")
    : Array.from({ length: 8 }, () => ["0", "a", "8000", "ffff"][below(4)]).join(":");
const randomBlock = (): string => {
  const address = randomAddress();
  return `${address}/${below(address.includes(":") ? 129 : 33)}`;
};
const several = (make: () => string): readonly string[] => Array.from({ length: below(4) }, make);

const randomPolicy = (): Policy =>
  parsePolicy(
    {
      listen: [{ address: "0.0.0.0", port: 8443, proxiesOnly: below(3) === 0 }],
      network: {
        default: below(2) === 0 ? "allow" : "deny",
        allow: several(randomBlock),
        deny: several(randomBlock),
        trustedProxies: several(randomBlock),
      },
    },
    "policy",
  );

const matches = (block: string, address: string): boolean =>
  block === "any" || parseAddressRules([block], "test").matches(plainAddress(address)!);

/** What a list of rules decides: the first that matches. */
function firstOf(rules: readonly (readonly [block: string, verdict: string])[], address: string): boolean {
  const found = rules.find(([block]) => matches(block, address));
  return found !== undefined && ["accept", "allow"].includes(found[1]);
}

/** How each firewall reads its own rules. */
const readers: { readonly [Kind in keyof typeof firewalls]: (text: string) => (address: string) => boolean } = {
  nftables: (text) => {
    const rules = Array.from(
      text.matchAll(/tcp dport 8443(?: ip6? saddr (\S+))? (accept|drop)/g),
      ([, block = "any", verdict]) => [block, verdict] as const,
    );
    return (address) => firstOf(rules, address);
  },
  ufw: (text) => {
    const rules = Array.from(
      text.matchAll(/^ufw (allow|deny) proto tcp from (\S+) to any port 8443$/gm),
      ([, verdict, block]) => [block, verdict] as const,
    );
    return (address) => firstOf(rules, address);
  },
  systemd: (text) => {
    const listed = (name: string): readonly string[] =>
      Array.from(text.matchAll(new RegExp(`^${name}=(.*)$`, "gm")), ([, block]) => block);
    const [allow, deny] = [listed("IPAddressAllow"), listed("IPAddressDeny")];
    // Its allow beats its deny; what neither names may pass.
    return (address) =>
      allow.some((block) => matches(block, address)) || !deny.some((block) => matches(block, address));
  },
};

test.each(Object.keys(firewalls) as (keyof typeof firewalls)[])("rules for %s decide as the policy does", (kind) => {
  let allowed = 0;
  let differences = 0;
  for (let round = 0; round < 300; round++) {
    const policy = randomPolicy();
    const decide = readers[kind](firewalls[kind](policy));
    const rules = createNetworkRules(policy.network);
    const [{ proxiesOnly }] = policy.listen as readonly { readonly proxiesOnly: boolean }[];
    for (let pair = 0; pair < 50; pair++) {
      const address = plainAddress(randomAddress())!.address;
      const expected = rules.mayConnect(address, proxiesOnly);
      if (decide(address) !== expected) differences++;
      if (expected) allowed++;
    }
  }
  expect(differences).toBe(0);
  expect(allowed).toBeGreaterThan(1500);
  expect(allowed).toBeLessThan(13_500);
});

test("listeners that nobody else reaches need no rules; a listener's own address is named", () => {
  const policy = parsePolicy(
    {
      listen: [{ address: "127.0.0.1", port: 8080 }, { path: "/run/residua.sock" }, { address: "fd00::1", port: 8443 }],
      network: { allow: ["fd00::/8", "10.0.0.0/8"] },
    },
    "policy",
  );
  expect(firewalls.ufw(policy)).toBe(
    [
      "#!/bin/sh",
      "set -e",
      "ufw allow proto tcp from fd00:0:0:0:0:0:0:0/8 to fd00::1 port 8443",
      "ufw deny proto tcp from any to fd00::1 port 8443",
      "",
    ].join("\n"),
  );
  expect(firewalls.nftables(policy)).not.toContain("8080");
  expect(firewalls.systemd(policy)).toContain("ReadWritePaths=/run\n");
});

const hasNft =
  spawnSync("nft", ["--version"]).status === 0 && spawnSync("unshare", ["-rn", "nft", "list", "ruleset"]).status === 0;

test.skipIf(!hasNft)("nftables loads the rules (skipped without nft and network namespaces)", () => {
  for (let round = 0; round < 20; round++)
    expect(spawnSync("unshare", ["-rn", "nft", "-f", "-"], { input: firewalls.nftables(randomPolicy()) }).status).toBe(
      0,
    );
});
