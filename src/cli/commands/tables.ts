import { basename, extname } from "node:path";
import { type Command, Option } from "commander";
import { readFileBytes, writeFileAtomically } from "../../files/node.ts";
import type { StoreAddress } from "../../store/address.ts";
import type { ImportedTable, TableCase, TableColumn } from "../../store/interchange/index.ts";
import { FormatError, OptionError } from "../../tensor/errors.ts";
import { OutputFileOption, requireNoInput } from "../output-file.ts";
import { sharedOptions } from "../options.ts";
import { createProgress } from "../progress.ts";
import { counted, formatCount, formatTable, printJson, printLines, say } from "../output.ts";
import { storeAddress, storeFiles } from "../store.ts";

/** With the code of tables, which help has no use for. */
const loadTables = () => import("../../store/interchange/index.ts");

/** Texts of more bytes are beyond what JavaScript's strings hold. */
const MOST_BYTES = 2 ** 28;

/** @throws {FormatError} if the file is not UTF-8 */
async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readFileBytes(path, MOST_BYTES));
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new FormatError(path, "is not UTF-8; save it as UTF-8", { cause });
  }
}

async function readCase(path: string, name: string | undefined): Promise<TableCase> {
  const { parseCsvTable, parseTableCase } = await loadTables();
  const ending = extname(path).toLowerCase();
  if (ending === ".csv") return parseCsvTable(await readText(path), name ?? basename(path, extname(path)), path);
  if (name !== undefined)
    throw new OptionError("--table", `names the table of a CSV file; ${path} is none; leave it out`);
  if (ending === ".json") return parseTableCase(await readText(path), path);
  throw new OptionError("file", `"${path}" must end in .json or .csv`);
}

/** decimal(5,2), timestamp(3), text */
function describeKind({ kind, precision, scale = 0 }: TableColumn): string {
  if (kind === "decimal" && precision !== undefined) return `decimal(${precision},${scale})`;
  return kind === "timestamp" && scale > 0 ? `timestamp(${scale})` : kind;
}

/** Less is no wait. */
const SILENT_MILLISECONDS = 1000;

interface ImportChoice {
  readonly store?: string;
  readonly table?: string;
  readonly replace?: boolean;
  readonly json?: boolean;
}

async function importFiles(paths: readonly string[], { store, table, replace, json }: ImportChoice): Promise<void> {
  const { importTables } = await loadTables();
  const address = storeAddress(store);
  if (table !== undefined && paths.length > 1) throw new OptionError("--table", "names one table; give one CSV file");
  const cases: TableCase[] = [];
  for (const path of paths) cases.push(await readCase(path, table));
  const [progress, start] = [createProgress(), performance.now()];
  const onRows = (done: number, all: number): void => {
    if (performance.now() - start < SILENT_MILLISECONDS) return;
    const [some, whole] = [formatCount(done), formatCount(all)];
    progress.update({ en: `row ${some}/${whole}`, zh: `第 ${some}/${whole} 行` }, done / all);
  };
  const imported = await importTables(address, cases, { replace: replace === true, onRows }).finally(() =>
    progress.finish(),
  );
  if (json) return printJson({ tables: imported });
  printLines(formatTable(importColumns, imported));
}

const importColumns = [
  { title: { en: "table", zh: "表" }, value: ({ name }: ImportedTable) => name },
  {
    title: { en: "rows", zh: "行数" },
    value: ({ rows }: ImportedTable) => formatCount(rows),
    align: "right",
  },
  {
    title: { en: "columns", zh: "列" },
    value: ({ columns }: ImportedTable) => columns.map((column) => `${column.name} ${describeKind(column)}`).join(", "),
  },
  {
    title: "",
    value: ({ replaced }: ImportedTable) => (replaced ? { en: "replaced", zh: "已替换" } : { en: "new", zh: "新建" }),
  },
] as const;

interface ExportChoice {
  readonly store?: string;
  readonly csv?: boolean;
  readonly json?: boolean;
  readonly columns?: boolean;
  readonly out?: string;
}

async function exportNamed(name: string, { store, csv, json, columns, out }: ExportChoice): Promise<void> {
  if ([csv, json, columns].filter(Boolean).length !== 1)
    throw new OptionError("--csv, --json, --columns", "give one of them");
  const { columnsToJson, exportTable, tableToCsv, tableToJson } = await loadTables();
  const address: StoreAddress = storeAddress(store);
  if (out !== undefined) await requireNoInput([out], "--out", storeFiles(address));
  const progress = createProgress();
  progress.begin({ en: `reading ${name} …`, zh: `正在读取 ${name}……` });
  const table = await exportTable(address, name).finally(() => progress.finish());
  const pieces = csv ? tableToCsv(table) : json ? tableToJson(table) : columnsToJson(table);
  if (out !== undefined) {
    await writeFileAtomically(out, pieces);
    const rows = formatCount(table.rows.length);
    return say({ en: `${counted(table.rows.length, "row")}: ${out}`, zh: `${rows} 行：${out}` });
  }
  for (const piece of pieces) {
    if (!process.stdout.write(piece)) await new Promise((resolve) => process.stdout.once("drain", resolve));
  }
}

const databaseOption = (): Option =>
  new Option(
    "--store <url|path>",
    "the database: mysql://…, postgres://… or an SQLite file (default: RESIDUA_STORE, or .residua/runs.db)",
  );

/** `residua tables`: tables in and out of the databases that runs may be kept in. */
export function registerTables(program: Command): void {
  const tables = program.command("tables");
  tables
    .command("import")
    .description("make tables from files, all or none, their columns typed by all rows")
    .argument("<file...>", 'LeetCode\'s {"headers": {…}, "rows": {…}} as .json, or .csv with a line of names')
    .addOption(databaseOption())
    .addOption(new Option("--table <name>", "the table's name (default: the CSV file's)"))
    .addOption(new Option("--replace", "replace tables that exist"))
    .addOption(sharedOptions.json())
    .addHelpText(
      "after",
      `
Examples:
  $ residua tables import cases.json --store lab.db
  $ residua tables import employees.csv --table Employee --replace --store mysql://me:secret@db.example/lab`,
    )
    .action(importFiles);
  tables
    .command("export")
    .description("write a table as CSV, as LeetCode's JSON, or by columns")
    .argument("<table>", "the table's or view's name")
    .addOption(databaseOption())
    .addOption(new Option("--csv", "comma-separated values; null is an empty cell"))
    .addOption(new Option("--json", 'LeetCode\'s {"headers": {…}, "rows": {…}}'))
    .addOption(new Option("--columns", "one JSON object with a list per column"))
    .addOption(new OutputFileOption("--out <file>", "where to write (default: standard output)"))
    .addHelpText("after", "\nExample:\n  $ residua tables export Employee --csv --out employees.csv --store lab.db")
    .action(exportNamed);
}
