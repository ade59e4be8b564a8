/** Fields by name, of any kind. */
export type Fields = Readonly<Record<string, unknown>>;

/** A simple value as text; undefined for any other. */
export const shownValue = (value: unknown): string | undefined =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;

/** Fields that are in use, such as "batch 64, epochs 3": under the names that a recipe has. */
export function listFields(fields: Fields, skipped: ReadonlySet<string> = new Set()): string {
  return Object.entries(fields)
    .flatMap(([name, value]) => {
      const isOff = value === null || value === undefined || value === false || (value === 0 && name !== "seed");
      if (isOff || skipped.has(name)) return [];
      return [value === true ? name : `${name} ${shownValue(value) ?? JSON.stringify(value)}`];
    })
    .join(", ");
}
