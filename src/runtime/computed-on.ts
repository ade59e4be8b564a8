/** What is recorded of where something was computed. */
export interface ComputedOn {
  /** The device and what drives it, such as "webgpu (libvulkan_radeon.so)"; the processor if left out. */
  readonly device?: string;
}
