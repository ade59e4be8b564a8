// Installs Chromium for the web tests where it is missing and can be: on Debian and its kin, as root.
import { spawnSync } from "node:child_process";
import process from "node:process";
import { findChromium } from "./chromium.mjs";

/** @param {string[]} options */
function runAptGet(...options) {
  // Only errors are wanted, on standard error: what is tested owns standard output.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync("apt-get", ["-qq", ...options], { env, stdio: ["ignore", "ignore", "inherit"] }).status === 0;
}

function installChromium() {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  console.error("web tests: installing chromium with apt-get …");
  return runAptGet("update") && runAptGet("install", "-y", "--no-install-recommends", "chromium");
}

if (findChromium() === undefined && !(installChromium() && findChromium() !== undefined)) {
  console.error(
    "web tests: no Chromium in PATH and it could not be installed; install it (Debian: apt-get install chromium)",
  );
  process.exitCode = 1;
}
