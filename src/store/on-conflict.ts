/**
 * What PostgreSQL and SQLite add to an insertion so that a row that is there is replaced.
 *
 * @param quote writes a name as the database has it
 */
export function onConflictReplace(
  quote: (name: string) => string,
): (primaryKey: readonly string[], others: readonly string[]) => string {
  return (primaryKey, others) => {
    const updates = others.map((name) => `${quote(name)} = excluded.${quote(name)}`).join(", ");
    const action = others.length === 0 ? "nothing" : `update set ${updates}`;
    return `on conflict (${primaryKey.map(quote).join(", ")}) do ${action}`;
  };
}
