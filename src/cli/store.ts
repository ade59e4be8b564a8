import { existsSync, readFileSync } from "node:fs";
import { toEnvironmentError } from "../files/node.ts";
import { describeAddress, type StoreAddress } from "../store/address.ts";
import { chooseStore, findProject, type ProjectFolder } from "../store/project.ts";
import { openRunStore, type RunStore } from "../store/run-store.ts";
import { sendUnsent } from "../store/unsent.ts";
import { EnvironmentError, OptionError } from "../tensor/errors.ts";
import { counted, say } from "./output.ts";

/** Where runs are kept: `--store`, else `RESIDUA_STORE`, else the project's own file. */
export interface StorePlace {
  readonly project: ProjectFolder;
  /** Without a password. */
  readonly description: string;
  /** The files that it lies in, if it lies in files. */
  readonly files: readonly string[];
  /** Whether there is something to read: opening a store file creates it if it does not exist. */
  readonly exists: boolean;
  /** Whether it was named, rather than being the project's own. */
  readonly isNamed: boolean;
  open(options?: { readonly busyMilliseconds?: number }): Promise<RunStore>;
}

/**
 * An address as it is typed, or the content of the file that `@FILE` names, so that a password need not be typed.
 *
 * @throws {OptionError} that repeats nothing of the content, if the file is empty
 * @throws {EnvironmentError} if it cannot be read
 */
export function addressText(given: string, option: string): string {
  if (!given.startsWith("@")) return given;
  const path = given.slice(1);
  const text = readAddress(path).trim();
  if (text === "") throw new OptionError(option, `names "${path}", which is empty; it must hold an address`);
  return text;
}

function readAddress(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw toEnvironmentError(path, "cannot read", cause);
  }
}

/** The address of the store, as {@link storePlace} finds it. @throws {OptionError} if it is not valid */
export function storeAddress(given: string | undefined, option = "--store"): StoreAddress {
  const { RESIDUA_STORE } = process.env;
  const where = given === undefined ? "RESIDUA_STORE" : option;
  const text = given ?? RESIDUA_STORE;
  return chooseStore(findProject(process.cwd()), text === undefined ? undefined : addressText(text, where), where);
}

/** The files of a database that lies in some: SQLite's own, and those that it keeps beside it. */
export function storeFiles(address: StoreAddress): readonly string[] {
  return address.kind === "sqlite" ? ["", "-wal", "-shm", "-journal"].map((ending) => address.path + ending) : [];
}

/** @throws {OptionError} if the address is not valid */
export function storePlace(given: string | undefined, option = "--store"): StorePlace {
  const project = findProject(process.cwd());
  const address = storeAddress(given, option);
  return {
    project,
    description: describeAddress(address),
    files: storeFiles(address),
    exists: address.kind !== "sqlite" || existsSync(address.path),
    isNamed: given !== undefined || process.env.RESIDUA_STORE !== undefined,
    open: async (options = {}) => {
      const store = await openRunStore(address, options);
      const { from, to, backup } = store.migration;
      if (backup !== undefined)
        say({
          en: `run store: migrated from version ${from} to ${to}; backup: ${backup}`,
          zh: `运行存储：已从版本 ${from} 迁移到 ${to}；备份：${backup}`,
        });
      return store;
    },
  };
}

/**
 * Opens a store for a command that reads it, sends it the runs kept for it, and closes it at the end.
 *
 * @throws {EnvironmentError} if it is not there, unless `creates`
 */
export async function withStore<T>(
  place: StorePlace,
  work: (store: RunStore) => Promise<T>,
  { creates = false }: { readonly creates?: boolean } = {},
): Promise<T> {
  if (!place.exists && !creates)
    throw new EnvironmentError(
      place.description,
      "cannot read: there is no such run store; train and compare make one",
    );
  const store = await place.open();
  try {
    const sent = await sendUnsent(place.project.unsent, store);
    if (sent > 0)
      say({
        en: `run store: ${counted(sent, "run")} kept in ${place.project.unsent} ${sent === 1 ? "was" : "were"} sent to the store`,
        zh: `运行存储：保存在 ${place.project.unsent} 的 ${sent} 次运行已送入运行存储`,
      });
    return await work(store);
  } finally {
    await store.close().catch(() => undefined);
  }
}
