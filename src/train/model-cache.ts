/** Caches compiled models, so that the same training starts faster next time. */
export interface ModelCache {
  /**
   * Returns the compiled model, compiling it only if it is not cached. A cache that cannot be read or written never
   * causes a failure.
   *
   * @param identity everything that the model depends on; equal bytes mean an equal model
   */
  obtain(identity: readonly Uint8Array[], make: () => Uint8Array): Promise<Uint8Array>;
}
