// Installs MariaDB and PostgreSQL for the run store's tests where they are missing and can be.
import process from "node:process";
import { installPackages } from "./apt.mjs";
import { missingServers } from "./databases.mjs";

const packages = { mariadb: "mariadb-server", postgres: "postgresql" };
const missing = missingServers().map((kind) => packages[kind]);

if (missing.length > 0 && !(installPackages(missing, "run store tests") && missingServers().length === 0)) {
  console.error(
    `run store tests: ${missing.join(" and ")} could not be installed; install them (Debian: apt-get install ${missing.join(" ")})`,
  );
  process.exitCode = 1;
}
