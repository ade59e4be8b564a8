/**
 * What happens before the first step, which may take longer than many steps: `loading` the data, the weights and the
 * runtime, then `compiling` the step's graph.
 */
export interface PreparingEvent {
  readonly kind: "loading" | "compiling";
}
