import { BlockList, isIP } from "node:net";
import { OptionError } from "../../../tensor/errors.ts";

/** An address in one form: without a zone, and IPv4 as IPv4 even if it came mapped into IPv6. */
export interface PlainAddress {
  readonly address: string;
  readonly family: "ipv4" | "ipv6";
}

/**
 * Brings an address into the form in which rules are checked: `::ffff:10.1.2.3` is 10.1.2.3 in any notation, `fe80::1%eth0` is
 * fe80::1. A `BlockList` answers false for such addresses, silently.
 *
 * @returns undefined if it is no address
 */
export function plainAddress(text: string): PlainAddress | undefined {
  const bare = text.replace(/%.*$/, "");
  const kind = isIP(bare);
  if (kind === 4) return { address: bare, family: "ipv4" };
  if (kind === 0 || (bare !== text && !bare.includes(":"))) return undefined;
  const groups = ipv6Groups(bare);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (!isMapped) return { address: bare, family: "ipv6" };
  const bytes = [groups[6] >> 8, groups[6] & 255, groups[7] >> 8, groups[7] & 255];
  return { address: bytes.join("."), family: "ipv4" };
}

/** The eight groups of a valid IPv6 address. */
export function ipv6Groups(text: string): readonly number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const hex = (high: string, low: string): string => ((Number(high) << 8) | Number(low)).toString(16);
  const plain = dotted ? `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}` : text;
  const [head, tail] = plain.split("::");
  const parse = (part: string | undefined): readonly number[] =>
    part === undefined || part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const front = parse(head);
  if (tail === undefined) return front;
  const back = parse(tail);
  return [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
}

/** Rules over addresses, as CIDR blocks or single addresses. */
export interface AddressRules {
  readonly matches: (address: PlainAddress) => boolean;
}

/**
 * Reads CIDR blocks such as `10.0.0.0/8`, `fd00::/8` and single addresses. A block of mapped IPv4 addresses
 * (`::ffff:10.0.0.0/104`) is the block of IPv4; a wider one, such as `::/0`, is of IPv6 alone.
 *
 * @param where the field they stand in, for errors
 * @throws {OptionError} naming the entry that is no address or block
 */
export function parseAddressRules(blocks: readonly string[], where: string): AddressRules {
  // In one list, a block such as ::/0 would match every IPv4 address, as mapped.
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const [index, block] of blocks.entries()) {
    const { address, family, bits } = parseBlock(block, `${where}[${index}]`);
    lists[family].addSubnet(address, bits, family);
  }
  return { matches: ({ address, family }) => lists[family].check(address, family) };
}

/** A block of addresses. */
export interface Block extends PlainAddress {
  readonly bits: number;
}

/** Reads one block. @throws {OptionError} if it is none */
export function parseBlock(text: string, where: string): Block {
  const refuse = (must: string): never => {
    throw new OptionError(where, `"${text}" ${must}`);
  };
  const [, start, digits] =
    /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? refuse("is no address or block, such as 10.0.0.0/8");
  const kind = isIP(start);
  const plain = plainAddress(start) ?? refuse("is no address or block, such as 10.0.0.0/8");
  const width = kind === 4 ? 32 : 128;
  const given = digits === undefined ? width : Number(digits);
  if (given > width) refuse(`has more bits than the ${width} of its addresses`);
  if (kind === 6 && plain.family === "ipv4") {
    if (given < 96) return { address: "::", family: "ipv6", bits: given };
    return { ...plain, bits: given - 96 };
  }
  return { ...plain, bits: given };
}
