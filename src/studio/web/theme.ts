import { type Signal, signal } from "@preact/signals";
import { keep, kept } from "./kept.ts";

export type Theme = "light" | "dark";

const before = kept("theme");
const system = matchMedia("(prefers-color-scheme: dark)");

/** The reader's choice; the system's if there is none. */
const chosen: Signal<Theme | undefined> = signal(before === "light" || before === "dark" ? before : undefined);
const ofSystem: Signal<Theme> = signal(system.matches ? "dark" : "light");
system.addEventListener("change", () => (ofSystem.value = system.matches ? "dark" : "light"));

/** The colours that are shown. */
export function theme(): Theme {
  return chosen.value ?? ofSystem.value;
}

/** Light becomes dark and dark light; what the system has as well is not kept, so that it is followed from then on. */
export function switchTheme(): void {
  const next = theme() === "dark" ? "light" : "dark";
  chosen.value = next === ofSystem.value ? undefined : next;
  keep("theme", chosen.value);
}

/** The theme that the style sheet is told; none if the system's holds. */
export function chosenTheme(): Theme | undefined {
  return chosen.value;
}
