/** The leaves of nested data by their paths, as text. */
export function flatten(value: unknown, path = ""): Readonly<Record<string, string>> {
  if (value === null || value === undefined) return {};
  if (typeof value !== "object") return { [path]: typeof value === "string" ? value : JSON.stringify(value) };
  if (Array.isArray(value)) return { [path]: JSON.stringify(value) };
  const parts = Object.entries(value).map(([name, part]) => flatten(part, path === "" ? name : `${path}.${name}`));
  return Object.assign({}, ...parts) as Readonly<Record<string, string>>;
}

/** A line of a comparison: its subject, and its value on every side. */
export interface ComparedLine {
  readonly name: string;
  readonly values: readonly string[];
}

/** The leaves that are not the same in all of some data, by their paths; "-" where one has none. */
export function findDifferences(all: readonly object[]): readonly ComparedLine[] {
  const described = all.map((data) => flatten(data));
  const names = [...new Set(described.flatMap(Object.keys))];
  const lines = names.map((name) => ({ name, values: described.map((values) => values[name] ?? "-") }));
  return lines.filter(({ values }) => new Set(values).size > 1);
}
