import { type Block, ipv6Groups, parseBlock } from "./address.ts";

/** A block of addresses as a range of numbers. */
interface Range {
  readonly family: Block["family"];
  readonly first: bigint;
  readonly bits: number;
}

const widths = { ipv4: 32, ipv6: 128 } as const;

function toRange({ address, family, bits }: Block): Range {
  const parts = family === "ipv4" ? address.split(".").map(Number) : ipv6Groups(address);
  const step = family === "ipv4" ? 8n : 16n;
  const number = parts.reduce((sum, part) => (sum << step) | BigInt(part), 0n);
  const free = BigInt(widths[family] - bits);
  return { family, first: (number >> free) << free, bits };
}

function write({ family, first, bits }: Range): string {
  const [count, step] = family === "ipv4" ? [4, 8n] : [8, 16n];
  const parts = Array.from(
    { length: count },
    (_, index) => (first >> (step * BigInt(count - 1 - index))) & ((1n << step) - 1n),
  );
  const address = family === "ipv4" ? parts.join(".") : parts.map((part) => part.toString(16)).join(":");
  return `${address}/${bits}`;
}

function holds(outer: Range, inner: Range): boolean {
  const free = BigInt(widths[outer.family] - outer.bits);
  return outer.family === inner.family && outer.bits <= inner.bits && inner.first >> free === outer.first >> free;
}

/** The parts of a block that another leaves: none, all of it, or its halves in turn. */
function subtractOne(block: Range, taken: Range): readonly Range[] {
  if (holds(taken, block)) return [];
  if (!holds(block, taken)) return [block];
  const bits = block.bits + 1;
  const half = 1n << BigInt(widths[block.family] - bits);
  return [
    { ...block, bits },
    { ...block, bits, first: block.first + half },
  ].flatMap((part) => subtractOne(part, taken));
}

/**
 * Blocks without the addresses of others, in the form `10.0.0.0/8`: for what knows no rule that beats another.
 *
 * @param where the field the blocks stand in, for errors
 * @throws {OptionError} naming an entry that is no address or block
 */
export function subtractBlocks(blocks: readonly string[], taken: readonly string[], where: string): readonly string[] {
  const away = taken.map((block) => toRange(parseBlock(block, where)));
  return blocks
    .map((block) => toRange(parseBlock(block, where)))
    .flatMap((block) =>
      away.reduce<readonly Range[]>((left, own) => left.flatMap((part) => subtractOne(part, own)), [block]),
    )
    .map(write);
}

/** Blocks of one family, each written with its first address. */
export function blocksOf(family: Block["family"], blocks: readonly string[], where: string): readonly string[] {
  return blocks
    .map((block) => toRange(parseBlock(block, where)))
    .filter((range) => range.family === family)
    .map(write);
}
