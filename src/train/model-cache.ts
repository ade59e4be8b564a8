/** Keeps compiled models, so that the same training starts sooner the next time. */
export interface ModelCache {
  /**
   * The compiled model of something, made only where it is not there yet. A cache that cannot be read or written makes
   * nothing fail.
   *
   * @param identity all that the model depends on; equal bytes mean an equal model
   */
  obtain(identity: readonly Uint8Array[], make: () => Uint8Array): Promise<Uint8Array>;
}
