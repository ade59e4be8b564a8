/** The page's language: as the reader chose it, else as the browser has it. */
export type PageLanguage = "en" | "zh";

const LANGUAGE_KEY = "residua-report-language";

/** A page from a file may be refused its storage. */
export function recall(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Then it is forgotten with the page.
  }
}

export function currentLanguage(): PageLanguage {
  return document.documentElement.lang.startsWith("zh") ? "zh" : "en";
}

function showLanguage(language: PageLanguage): void {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  const title = document.querySelector("title");
  if (title) title.textContent = title.dataset[language] ?? title.textContent;
}

/** Shows the language that is wanted, and lets the reader change it. */
export function setUpLanguage(): void {
  const wanted = recall(LANGUAGE_KEY) ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
  showLanguage(wanted === "zh" ? "zh" : "en");
  document.querySelector("#language")?.addEventListener("click", () => {
    const next = currentLanguage() === "zh" ? "en" : "zh";
    showLanguage(next);
    remember(LANGUAGE_KEY, next);
  });
}
