/** Releases what a failing `make` would have made use of, and passes its error on. */
export async function releaseOnFailure<T>(
  held: { readonly release: () => Promise<void> },
  make: () => T | Promise<T>,
): Promise<T> {
  try {
    return await make();
  } catch (error) {
    await held.release();
    throw error;
  }
}
