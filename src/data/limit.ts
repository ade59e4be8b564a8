import { OptionError } from "../tensor/errors.ts";

/** @throws {OptionError} unless so many of `count` images can be taken */
export function requireLimit(limit: number, count: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > count)
    throw new OptionError("limit", `must be from 1 to ${count}, the number of images, got ${limit}`);
}

/** The first `limit` of what is listed, all without a limit. @throws {OptionError} if there are fewer */
export function firstOf<T>(items: readonly T[], limit: number | undefined): readonly T[] {
  if (limit === undefined) return items;
  requireLimit(limit, items.length);
  return items.slice(0, limit);
}
