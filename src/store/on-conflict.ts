/**
 * The clause with which PostgreSQL and SQLite replace an existing row on insertion.
 *
 * @param quote quotes a name for the database
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
