// Installs Chromium for the web tests where it is missing and can be.
import process from "node:process";
import { installPackages } from "./apt.mjs";
import { findChromium } from "./chromium.mjs";

if (findChromium() === undefined && !(installPackages(["chromium"], "web tests") && findChromium() !== undefined)) {
  console.error(
    "web tests: no Chromium in PATH and it could not be installed; install it (Debian: apt-get install chromium)",
  );
  process.exitCode = 1;
}
