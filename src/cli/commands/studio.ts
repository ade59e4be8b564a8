import { type Command, Option } from "commander";
import { OptionError } from "../../tensor/errors.ts";
import type { RunStore } from "../../store/run-store.ts";
import { sharedOptions, wholeNumber } from "../options.ts";
import { formatLarge, print, printJson, say } from "../output.ts";

interface Options {
  readonly port?: number;
  readonly export?: string;
  readonly json?: boolean;
  readonly store?: string;
  readonly data?: readonly string[];
}

const STANDARD_PORT = 8088;

async function studio(options: Options): Promise<void> {
  if (options.export !== undefined) return exportStudio(options.export, options);
  if (options.json === true) throw new OptionError("--json", "applies to --export; a server prints its address alone");
  const { serveSite } = await import("../../studio/node/serve-site.ts");
  const { openDataFolder } = await import("../../studio/node/data-folders.ts");
  const folders = await Promise.all((options.data ?? []).map(openDataFolder));
  const store = await openStore(options.store);
  try {
    const { firstAddress, close } = await serveSite(options.port ?? STANDARD_PORT, store, folders);
    print({
      en: `The studio is at ${firstAddress}; Ctrl-C ends it.`,
      zh: `工作室在 ${firstAddress}；按 Ctrl-C 结束。`,
    });
    say({
      en: "The address lets one browser train with this machine's native engine, once.",
      zh: "该地址只能让一个浏览器进入一次，使用本机的原生引擎训练。",
    });
    if (store !== undefined)
      say({
        en: `There, the page Runs lists ${store.description}.`,
        zh: `其中页面“运行”可列出 ${store.description}。`,
      });
    await new Promise<void>((resolve) => {
      process.once("SIGINT", resolve);
      process.once("SIGTERM", resolve);
    });
    await close();
  } finally {
    await store?.close();
  }
  say({ en: "The studio was ended.", zh: "工作室已结束。" });
}

/** The store whose runs are listed: the one that is named, else the project's, if it has one. */
async function openStore(given: string | undefined): Promise<RunStore | undefined> {
  const { storePlace } = await import("../store.ts");
  const { exists, description, open } = storePlace(given);
  if (exists) return open();
  if (given !== undefined) throw new OptionError("--store", `"${description}" is not there; leave it out`);
  return undefined;
}

async function exportStudio(folder: string, { port, store, data, json = false }: Options): Promise<void> {
  if (data !== undefined)
    throw new OptionError("--data", "does not apply with --export, which serves nothing; leave it out");
  if (store !== undefined)
    throw new OptionError("--store", "does not apply with --export, which serves nothing; leave it out");
  if (port !== undefined)
    throw new OptionError("--port", "does not apply with --export, which serves nothing; leave it out");
  const { exportSite } = await import("../../studio/node/export-site.ts");
  const done = await exportSite(folder);
  if (json) return printJson(done);
  print({
    en: `${done.files} files, ${formatLarge(done.bytes)}B, in ${folder}. Put them on any host, in any folder of it.`,
    zh: `${done.files} 个文件，${formatLarge(done.bytes)}B，位于 ${folder}。可放到任何主机的任何目录。`,
  });
}

/** `residua studio`: the studio's pages, on this machine or as files for any host. */
export function registerStudio(program: Command): void {
  program
    .command("studio")
    .addOption(
      new Option("--port <number>", `port to listen on; 0 takes any (default: ${STANDARD_PORT})`).argParser(
        wholeNumber(0, 65_535),
      ),
    )
    .addOption(sharedOptions.store())
    .option("--data <dir...>", "folders of images, one folder per class inside each, that the page Train offers")
    .option("--export <dir>", "write the pages as a static site into a new folder, and start nothing")
    .option("--json", "print what --export wrote as JSON")
    .addHelpText(
      "after",
      `
Nothing leaves this machine, and the server answers it alone. In the browser that was opened with the printed address, networks are
trained natively, in processes of the server, and the page Runs lists the runs of the store, if there is one. In any other browser,
and exported, the pages train by themselves.

Examples:
  $ residua studio
  $ residua studio --port 9000 --store team.db
  $ residua studio --data photos
  $ residua studio --export site`,
    )
    .action((options: Options) => studio(options));
}
