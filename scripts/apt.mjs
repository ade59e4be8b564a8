import { spawnSync } from "node:child_process";
import process from "node:process";

/** @param {string[]} options */
function runAptGet(...options) {
  // Only errors are wanted, on standard error: what is tested owns standard output.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync("apt-get", ["-qq", ...options], { env, stdio: ["ignore", "ignore", "inherit"] }).status === 0;
}

/**
 * Installs packages where it can be done: on Debian and its kin, as root.
 * @param {readonly string[]} packages
 * @param {string} purpose what they are for, as it is said
 */
export function installPackages(packages, purpose) {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  console.error(`${purpose}: installing ${packages.join(", ")} with apt-get …`);
  return runAptGet("update") && runAptGet("install", "-y", "--no-install-recommends", ...packages);
}
