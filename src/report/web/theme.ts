import { recall, remember } from "./language.ts";

const THEME_KEY = "residua-report-theme";

/** Light, dark, or as the system has it. */
export function setUpTheme(): void {
  const root = document.documentElement;
  const known = recall(THEME_KEY);
  if (known === "light" || known === "dark") root.dataset["theme"] = known;
  document.querySelector("#theme")?.addEventListener("click", () => {
    const shown = root.dataset["theme"] ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    const next = shown === "dark" ? "light" : "dark";
    root.dataset["theme"] = next;
    remember(THEME_KEY, next);
  });
}
