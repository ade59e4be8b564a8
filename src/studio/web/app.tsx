import { useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentType, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Message } from "../said.ts";
import { language, say, setLanguage } from "./language.ts";
import { messageOf, sayMessage } from "./message.ts";
import { type Page, pages } from "./pages.ts";
import { EngineChoice } from "./engine-choice.tsx";
import { addressOf, route } from "./route.ts";
import { chosenTheme, switchTheme, theme } from "./theme.ts";

/** What was loaded of a page: its component, or why there is none. */
type Loaded = { readonly View: ComponentType } | { readonly problem: Message } | undefined;

const currentPage = (): Page => pages.find(({ name }) => name === route.value.page) ?? pages[0];

function Navigation(): JSX.Element {
  const current = currentPage();
  const list = useRef<HTMLElement>(null);
  // On a phone the list is wider than the screen.
  useEffect(() => {
    list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  return (
    <nav ref={list} aria-label={say({ en: "Pages", zh: "页面" })}>
      {pages.map(({ name, title }) => (
        <a key={name} href={addressOf(name)} aria-current={name === current.name ? "page" : undefined}>
          {say(title)}
        </a>
      ))}
    </nav>
  );
}

function Switches(): JSX.Element {
  const isDark = theme() === "dark";
  const other = language.value === "en" ? "zh" : "en";
  return (
    <div class="switches">
      <EngineChoice isOwn={currentPage().isOwnEngine === true} />
      <button type="button" lang={other === "zh" ? "zh-CN" : "en"} onClick={() => setLanguage(other)}>
        {other === "zh" ? "中文" : "English"}
      </button>
      <button
        type="button"
        class="icon"
        aria-label={say(isDark ? { en: "Light colours", zh: "浅色" } : { en: "Dark colours", zh: "深色" })}
        onClick={switchTheme}
      >
        {isDark ? "☀" : "☾"}
      </button>
    </div>
  );
}

function Shown({ page }: { readonly page: Page }): JSX.Element {
  const loaded = useSignal<Loaded>(undefined);
  useEffect(() => {
    let isCurrent = true;
    loaded.value = undefined;
    page.load().then(
      (View) => isCurrent && (loaded.value = { View }),
      (error: unknown) => isCurrent && (loaded.value = { problem: messageOf(error) }),
    );
    return () => void (isCurrent = false);
  }, [page]);
  const { value } = loaded;
  if (value === undefined) return <p class="quiet">{say({ en: "Loading …", zh: "正在加载……" })}</p>;
  if ("View" in value) return <value.View />;
  return (
    <p role="alert" class="problem">
      {say({ en: "The page could not be loaded; reload it.", zh: "页面无法加载；请重新加载。" })}{" "}
      {sayMessage(value.problem)}
    </p>
  );
}

/** The site: its head, and the page that the address names. */
export function App(): JSX.Element {
  useSignalEffect(() => {
    const root = document.documentElement;
    root.lang = language.value === "zh" ? "zh-CN" : "en";
    const chosen = chosenTheme();
    if (chosen === undefined) delete root.dataset["theme"];
    else root.dataset["theme"] = chosen;
    document.title = `${say(currentPage().title)} · Residua Studio`;
  });
  const page = currentPage();
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        {say({ en: "Skip to the page", zh: "跳到页面内容" })}
      </a>
      <header class="top">
        <a class="brand" href={addressOf(pages[0].name)}>
          Residua <b>Studio</b>
        </a>
        <Navigation />
        <Switches />
      </header>
      <main id="main" tabIndex={-1}>
        <Shown key={page.name} page={page} />
      </main>
    </>
  );
}

/** The address is the page's: a jump within it must not change it. */
function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("#main")?.focus();
}
