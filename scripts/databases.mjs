// Database servers of Debian's packages, each for the length of a test: its own folder, a free port, its own user.
import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";

/** @typedef {"mariadb" | "postgres"} Kind */
/** @typedef {{ url: string, stop(): Promise<void>, start(): Promise<void>, remove(): Promise<void> }} DatabaseServer */

/** Folders that Debian keeps servers in, beside those of PATH. */
function programFolders() {
  const versions = "/usr/lib/postgresql";
  const postgres = existsSync(versions)
    ? readdirSync(versions)
        .toSorted((a, b) => Number(b) - Number(a))
        .map((version) => join(versions, version, "bin"))
    : [];
  return [...postgres, ...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/bin"];
}

/** @param {string} name */
function findProgram(name) {
  return programFolders()
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** @type {Readonly<Record<Kind, readonly string[]>>} */
const programs = { mariadb: ["mariadbd", "mariadb-install-db"], postgres: ["postgres", "initdb"] };

/** The servers that are missing on this machine. @returns {Kind[]} */
export function missingServers() {
  const kinds = /** @type {Kind[]} */ (Object.keys(programs));
  return kinds.filter((kind) => programs[kind].some((name) => findProgram(name) === undefined));
}

/** @param {string} name */
function requireProgram(name) {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`${name} is not installed; run scripts/ensure-databases.mjs as root`);
  return path;
}

/**
 * Whom a server runs as: servers refuse to be root, so root lends them an account of the package or of nobody.
 * @param {string} name
 */
function accountOf(name) {
  if (process.getuid?.() !== 0) return undefined;
  for (const account of [name, "nobody"]) {
    try {
      const id = (/** @type {string} */ flag) => Number(execFileSync("id", [flag, account], { stdio: "pipe" }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      continue;
    }
  }
  throw new Error(`there is neither a user ${name} nor nobody`);
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => resolve(address.port));
    });
  });
}

/** @param {string} folder @param {number} port */
function mariadbPlan(folder, port) {
  const data = join(folder, "data");
  const shared = ["--no-defaults", `--datadir=${data}`];
  return {
    account: accountOf("mysql"),
    url: `mysql://residua:secret@127.0.0.1:${port}/residua`,
    prepare: [
      requireProgram("mariadb-install-db"),
      ...shared,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
    ],
    // The statements are run at every start, and change nothing from the second time on.
    setup: [
      "create database if not exists residua;",
      "create user if not exists residua@'127.0.0.1' identified by 'secret';",
      "grant all on *.* to residua@'127.0.0.1';",
    ].join("\n"),
    serve: [
      requireProgram("mariadbd"),
      ...shared,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      "--skip-name-resolve",
      `--socket=${join(folder, "socket")}`,
      `--pid-file=${join(folder, "pid")}`,
      `--init-file=${join(folder, "setup.sql")}`,
    ],
    stopSignal: /** @type {NodeJS.Signals} */ ("SIGTERM"),
  };
}

/** @param {string} folder @param {number} port */
function postgresPlan(folder, port) {
  const data = join(folder, "data");
  return {
    account: accountOf("postgres"),
    url: `postgres://residua@127.0.0.1:${port}/postgres`,
    prepare: [requireProgram("initdb"), "-D", data, "-U", "residua", "--auth=trust", "-E", "UTF8", "--no-locale"],
    setup: "",
    serve: [
      requireProgram("postgres"),
      "-D",
      data,
      `--port=${port}`,
      "--listen_addresses=127.0.0.1",
      `--unix_socket_directories=${folder}`,
      "--log_min_messages=fatal",
    ],
    // A fast shutdown: sessions are ended.
    stopSignal: /** @type {NodeJS.Signals} */ ("SIGINT"),
  };
}

/**
 * Starts a server with an empty database; nothing of it is left once it is removed.
 * @param {Kind} kind
 * @returns {Promise<DatabaseServer>}
 */
export async function startDatabaseServer(kind) {
  const folder = mkdtempSync(join(tmpdir(), `residua-${kind}-`));
  const port = await freePort();
  const plan = kind === "mariadb" ? mariadbPlan(folder, port) : postgresPlan(folder, port);
  if (plan.account) chownSync(folder, plan.account.uid, plan.account.gid);
  const options = { cwd: folder, ...plan.account, env: { ...process.env, LC_ALL: "C" } };
  const [prepare, ...prepareOptions] = plan.prepare;
  execFileSync(prepare, prepareOptions, { ...options, stdio: "pipe" });
  writeFileSync(join(folder, "setup.sql"), `${plan.setup}\n`);
  /** @type {import("node:child_process").ChildProcess | undefined} */
  let server;
  const onExit = () => void server?.kill("SIGKILL");
  const start = async () => {
    const [program, ...programOptions] = plan.serve;
    let words = "";
    const child = spawn(program, programOptions, { ...options, stdio: ["ignore", "ignore", "pipe"] });
    child.stderr?.on("data", (piece) => (words = (words + String(piece)).slice(-4000)));
    server = child;
    process.once("exit", onExit);
    await waitUntilReady(plan.url, () => {
      if (child.exitCode !== null) throw new Error(`${kind} ended with ${child.exitCode}: ${words}`);
    });
  };
  const stop = async () => {
    const child = server;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(plan.stopSignal);
    await ended;
    process.removeListener("exit", onExit);
  };
  await start();
  return {
    url: plan.url,
    start,
    stop,
    remove: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** @param {string} url @param {() => void} check throws if there is nothing to wait for */
async function waitUntilReady(url, check) {
  for (;;) {
    check();
    try {
      await connectOnce(url);
      return;
    } catch {
      await wait(50);
    }
  }
}

/** @param {string} url */
async function connectOnce(url) {
  if (url.startsWith("mysql:")) {
    const { createConnection } = await import("mysql2/promise");
    const connection = await createConnection(url);
    await connection.end();
    return;
  }
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  await client.end();
}
