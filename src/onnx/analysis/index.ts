export { type ActivationMemory } from "./cost.ts";
export * from "./describe-graph.ts";
export * from "./labels.ts";
export { findShortcuts, type GraphShortcut } from "./shortcuts.ts";
export { type SkipKind, skipKinds } from "./skip-kind.ts";
