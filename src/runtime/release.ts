/** Releases what a failing `make` would have made use of, and passes its error on, whatever becomes of the release. */
export async function releaseOnFailure<T>(
  held: { readonly release: () => Promise<void> },
  make: () => T | Promise<T>,
): Promise<T> {
  try {
    return await make();
  } catch (error) {
    await held.release().catch(() => undefined);
    throw error;
  }
}

/** Releases one after another, each whether or not one before it failed, and then passes the first error on. */
export async function releaseAll(releases: Iterable<() => void | Promise<void>>): Promise<void> {
  const errors: unknown[] = [];
  for (const release of releases) {
    try {
      await release();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
