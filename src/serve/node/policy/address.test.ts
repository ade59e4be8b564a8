import { expect, test } from "vitest";
import { randomStream } from "../../../tensor/random.ts";
import { parseAddressRules, parseBlock, plainAddress } from "./address.ts";
import { isLoopback } from "./exposure.ts";
import { clientAddress, createNetworkRules } from "./network-rules.ts";

const stream = randomStream(1, "addresses");
const below = (count: number): number => Math.floor(stream.uniform() * count);

/** An address as its bytes: 4 or 16 of them. */
type Bytes = readonly number[];

/** Few different bytes, so that blocks often match. */
const randomBytes = (count: number): Bytes => Array.from({ length: count }, () => [0, 10, 128, 255][below(4)]);

const hex = (bytes: Bytes): readonly string[] =>
  Array.from({ length: bytes.length / 2 }, (_, group) => ((bytes[2 * group] << 8) | bytes[2 * group + 1]).toString(16));

/** In one of the notations that a system or a header may use. */
function write(bytes: Bytes): string {
  if (bytes.length === 4) {
    const dotted = bytes.join(".");
    return [dotted, `::ffff:${dotted}`, `::FFFF:${hex(bytes).join(":")}`, `0:0:0:0:0:ffff:${dotted}`][below(4)];
  }
  const groups = hex(bytes);
  const whole = groups.join(":");
  const zone = below(4) === 0 ? "%eth0" : "";
  const zeros = /(^|:)0(:0)+(:|$)/.exec(whole);
  if (zeros === null || below(2) === 0) return whole + zone;
  return `${whole.slice(0, zeros.index)}::${whole.slice(zeros.index + zeros[0].length)}${zone}`;
}

interface NaiveBlock {
  readonly bytes: Bytes;
  readonly bits: number;
}

/** Bit by bit. */
function naive(address: Bytes, { bytes, bits }: NaiveBlock): boolean {
  if (address.length !== bytes.length) return false;
  for (let bit = 0; bit < bits; bit++) {
    const mask = 128 >> (bit & 7);
    if ((address[bit >> 3] & mask) !== (bytes[bit >> 3] & mask)) return false;
  }
  return true;
}

/** IPv4 that came mapped is IPv4. */
const unmapped = (bytes: Bytes): Bytes =>
  bytes.length === 16 && bytes.every((byte, index) => index >= 12 || byte === (index < 10 ? 0 : 255))
    ? bytes.slice(12)
    : bytes;

test("a million random pairs of address and rules are decided as bit by bit", { timeout: 120_000 }, () => {
  let differences = 0;
  let matches = 0;
  for (let set = 0; set < 2000; set++) {
    const blocks = Array.from({ length: 1 + below(6) }, (): NaiveBlock => {
      const bytes = unmapped(randomBytes(below(2) === 0 ? 4 : 16));
      return { bytes, bits: below(8 * bytes.length + 1) };
    });
    const texts = blocks.map(({ bytes, bits }) =>
      bytes.length === 4 ? `${bytes.join(".")}/${bits}` : `${hex(bytes).join(":")}/${bits}`,
    );
    const rules = parseAddressRules(texts, "network.allow");
    for (let pair = 0; pair < 500; pair++) {
      const address = unmapped(randomBytes(below(2) === 0 ? 4 : 16));
      const plain = plainAddress(write(address));
      const expected = blocks.some((block) => naive(address, block));
      if (plain === undefined || rules.matches(plain) !== expected) differences++;
      if (expected) matches++;
    }
  }
  expect(differences).toBe(0);
  // Enough of both kinds to mean something.
  expect(matches).toBeGreaterThan(100_000);
  expect(matches).toBeLessThan(900_000);
});

test.each([
  "",
  "10.0.0",
  "10.0.0.256",
  "10.0.0.0/33",
  "::/129",
  "1.2.3.4%eth0",
  "a.b.c.d",
  "10.0.0.0/-1",
  "10.0.0.0/8/8",
  "::1 ",
])("%j is no block", (text) => {
  expect(() => parseBlock(text, "network.deny[0]")).toThrow(`network.deny[0]: "${text}"`);
});

test("deny beats allow, allow beats the default, and what is no address is denied", () => {
  const network = { default: "allow", allow: ["10.0.0.0/8"], deny: ["10.66.0.0/16"], trustedProxies: [] } as const;
  const { decide } = createNetworkRules(network);
  expect(decide("10.66.1.1")).toEqual({ isAllowed: false, rule: "deny" });
  expect(decide("::ffff:10.66.1.1")).toEqual({ isAllowed: false, rule: "deny" });
  expect(decide("10.1.1.1")).toEqual({ isAllowed: true, rule: "allow" });
  expect(decide("192.168.1.1")).toEqual({ isAllowed: true, rule: "default" });
  expect(decide("unknown")).toEqual({ isAllowed: false, rule: "no address" });
});

test("forwarded addresses count from trusted proxies alone, from right to left", () => {
  const rules = createNetworkRules({
    default: "deny",
    allow: [],
    deny: [],
    trustedProxies: ["10.0.0.5", "10.0.1.0/24"],
  });
  const find = (peer: string, header?: string): string | undefined => clientAddress(peer, header, rules);
  expect(find("8.8.8.8", "1.1.1.1")).toBe("8.8.8.8");
  expect(find("10.0.0.5", "1.1.1.1")).toBe("1.1.1.1");
  expect(find("::ffff:10.0.0.5", "6.6.6.6, 1.1.1.1, 10.0.1.9")).toBe("1.1.1.1");
  expect(find("10.0.0.5", "[2001:db8::1]:443")).toBe("2001:db8::1");
  expect(find("10.0.0.5", "1.1.1.1:80")).toBe("1.1.1.1");
  expect(find("10.0.0.5")).toBe("10.0.0.5");
  expect(find("10.0.0.5", "1.1.1.1, evil")).toBeUndefined();
  expect(find("10.0.0.5", Array.from({ length: 17 }, () => "10.0.1.1").join(","))).toBeUndefined();
});

test("loopback is known in every notation", () => {
  for (const address of ["localhost", "127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"])
    expect(isLoopback(address), address).toBe(true);
  for (const address of ["0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "::2", "example.org"])
    expect(isLoopback(address), address).toBe(false);
});
