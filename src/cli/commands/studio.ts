import { type Command, Option } from "commander";
import { OptionError } from "../../tensor/errors.ts";
import { wholeNumber } from "../options.ts";
import { formatLarge, print, printJson, say } from "../output.ts";

interface Options {
  readonly port?: number;
  readonly export?: string;
  readonly json?: boolean;
}

const STANDARD_PORT = 8088;

async function studio(options: Options): Promise<void> {
  if (options.export !== undefined) return exportStudio(options.export, options);
  if (options.json === true) throw new OptionError("--json", "applies to --export; a server prints its address alone");
  const { serveSite } = await import("../../studio/node/serve-site.ts");
  const { address, close } = await serveSite(options.port ?? STANDARD_PORT);
  print({ en: `The studio is at ${address}; Ctrl-C ends it.`, zh: `工作室在 ${address}；按 Ctrl-C 结束。` });
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await close();
  say({ en: "The studio was ended.", zh: "工作室已结束。" });
}

async function exportStudio(folder: string, { port, json = false }: Options): Promise<void> {
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
    .option("--export <dir>", "write the pages as a static site into a new folder, and start nothing")
    .option("--json", "print what --export wrote as JSON")
    .addHelpText(
      "after",
      `
Networks are trained in the page itself; nothing leaves the browser. The server answers this machine alone.

Examples:
  $ residua studio
  $ residua studio --port 9000
  $ residua studio --export site`,
    )
    .action((options: Options) => studio(options));
}
