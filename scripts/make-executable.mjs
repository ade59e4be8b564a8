// tsc writes plain files; npx, which keeps a link to a package it has run before, needs the command to be executable.
import { chmodSync } from "node:fs";

chmodSync(new URL("../dist/cli/main.js", import.meta.url), 0o755);
