// A page may be forbidden to keep anything; then it forgets.

/** A choice of an earlier visit. */
export function kept(name: string): string | undefined {
  try {
    return localStorage.getItem(`residua-${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a choice for later visits; `undefined` forgets it. */
export function keep(name: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(`residua-${name}`);
    else localStorage.setItem(`residua-${name}`, value);
  } catch {
    // Forbidden: the choice holds until the page is left.
  }
}
