import { type Command, Option } from "commander";
import { OptionError } from "../../tensor/errors.ts";
import type { RunStore } from "../../store/run-store.ts";
import type { ServedStore } from "../../studio/node/store-api.ts";
import { sharedOptions, wholeNumber } from "../options.ts";
import { formatLarge, print, printJson, say } from "../output.ts";

interface Options {
  readonly port?: number;
  readonly export?: string;
  readonly json?: boolean;
  readonly store?: string | false;
  readonly data?: readonly string[];
}

const STANDARD_PORT = 8088;

async function studio(options: Options): Promise<void> {
  if (options.export !== undefined) return exportStudio(options.export, options);
  if (options.json === true) throw new OptionError("--json", "applies to --export; a server prints its address alone");
  const { serveSite } = await import("../../studio/node/serve-site.ts");
  const { openDataFolder } = await import("../../studio/node/data-folders.ts");
  const folders = await Promise.all((options.data ?? []).map(openDataFolder));
  const store = await offerStore(options.store);
  try {
    const { firstAddress, countTrainings, close } = await serveSite(options.port ?? STANDARD_PORT, { store, folders });
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
        en: `What is trained natively on the page Train is recorded in ${store.description}, whose runs the page Runs lists.`,
        zh: `在页面“训练”中原生训练的内容记入 ${store.description}，其中的运行由页面“运行”列出。`,
      });
    await new Promise<void>((resolve) => {
      process.once("SIGINT", resolve);
      process.once("SIGTERM", resolve);
    });
    const ended = countTrainings();
    await close();
    if (ended > 0)
      say({
        en: `Trainings that went on, and ended with the studio: ${ended}.`,
        zh: `正在进行、随工作室结束的训练：${ended} 个。`,
      });
  } finally {
    await store?.close();
  }
  say({ en: "The studio was ended.", zh: "工作室已结束。" });
}

/** A store for a server, and its end. */
interface OfferedStore extends ServedStore {
  /** Without a password. */
  readonly description: string;
  readonly close: () => Promise<void>;
}

/** The store that is named, else the project's, which the first training makes; none with `--no-store`. */
async function offerStore(given: string | false | undefined): Promise<OfferedStore | undefined> {
  if (given === false) return undefined;
  const { storePlace } = await import("../store.ts");
  const { recordOptions } = await import("../observers.ts");
  const place = storePlace(given);
  if (!place.exists && given !== undefined)
    throw new OptionError("--store", `"${place.description}" is not there; leave it out`);
  let opened: Promise<RunStore> | undefined = place.exists ? place.open() : undefined;
  await opened;
  const open = (): Promise<RunStore> => {
    // One that cannot be opened now is tried anew by the next who asks.
    opened ??= place.open();
    opened.catch(() => (opened = undefined));
    return opened;
  };
  return {
    description: place.description,
    read: async () => (opened !== undefined || storePlace(given).exists ? open() : undefined),
    record: recordOptions({ store: given }),
    close: async () => (await opened)?.close(),
  };
}

async function exportStudio(folder: string, { port, store, data, json = false }: Options): Promise<void> {
  if (data !== undefined)
    throw new OptionError("--data", "does not apply with --export, which serves nothing; leave it out");
  if (store === false)
    throw new OptionError("--no-store", "does not apply with --export, which serves nothing; leave it out");
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
    .addOption(new Option("--no-store", "record no training, and list no runs"))
    .option("--data <dir...>", "folders of images, one folder per class inside each, that the page Train offers")
    .option("--export <dir>", "write the pages as a static site into a new folder, and start nothing")
    .option("--json", "print what --export wrote as JSON")
    .addHelpText(
      "after",
      `
Nothing leaves this machine, and the server answers it alone. In the browser that was opened with the printed address, networks are
trained natively, in processes of the server; what the page Train trains is recorded in the run store, which the page Runs lists. In any
other browser, and exported, the pages train by themselves.

Examples:
  $ residua studio
  $ residua studio --port 9000 --store team.db
  $ residua studio --data photos
  $ residua studio --export site`,
    )
    .action((options: Options) => studio(options));
}
