import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { findChromium } from "../../scripts/chromium.mjs";
import { serveSite, type SiteServer } from "../../src/studio/node/serve-site.ts";

/** Language and theme of a reader. */
export interface Look {
  readonly locale: string;
  readonly colorScheme: "light" | "dark";
}

export const english: Look = { locale: "en-US", colorScheme: "light" };

/** A page with what it did wrong: errors that it printed or threw, and requests to other origins. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly faults: readonly string[];
}

/**
 * The built site on a server of its own, and Chromium, for the tests of the file that calls.
 *
 * @param flags what Chromium is started with besides
 */
export function useStudioSite(flags: () => Promise<readonly string[]> = async () => []): {
  /** @returns the server's address, once tests run */
  address(): string;
  /** Opens an address, such as one of another host of the site, and waits for the page's heading. */
  openPage(address: string, look?: Look): Promise<WatchedPage>;
  /** A page that has been nowhere. */
  newPage(look?: Look): Promise<Page>;
} {
  let browser: Browser;
  let server: SiteServer;
  beforeAll(async () => {
    const executablePath = findChromium();
    browser = await chromium.launch({
      args: ["--no-sandbox", ...(await flags())],
      ...(executablePath === undefined ? {} : { executablePath }),
    });
    server = await serveSite(0);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });
  const newPage = async (look: Look = english): Promise<Page> => {
    const context = await browser.newContext({ ...look, viewport: { width: 1280, height: 900 } });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    return page;
  };
  const openPage = async (address: string, look?: Look): Promise<WatchedPage> => {
    const page = await newPage(look);
    const faults: string[] = [];
    const { origin } = new URL(address);
    page.on("pageerror", ({ message }) => faults.push(message));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) faults.push(message.text());
    });
    page.on("request", (request) => {
      const { protocol, origin: asked } = new URL(request.url());
      if (protocol.startsWith("http") && asked !== origin) faults.push(`asked ${request.url()}`);
    });
    await page.goto(address);
    await page.getByRole("heading", { level: 1 }).waitFor();
    return { page, context: page.context(), faults };
  };
  return { address: () => server.address, openPage, newPage };
}

/** What axe finds in a page: rules and the elements that break them. */
export async function findViolations(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

/** What a page's alert says; nothing while there is none. */
export async function alertOf(page: Page): Promise<string | null> {
  return page
    .getByRole("alert")
    .textContent()
    .catch(() => "");
}
