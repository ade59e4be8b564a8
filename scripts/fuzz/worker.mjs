import process from "node:process";
import { ResiduaError } from "residua";
import { readers } from "./readers.mjs";

/** What a terminal can show of a refusal. */
const LONGEST_MESSAGE = 2000;

/** @typedef {{ readonly format: string, readonly path: string, readonly folder: string }} Case */
/** @typedef {{ readonly outcome: "ok" | "refused" | "uncaught", readonly message: string }} Reading */

/** @param {Case} read @returns {Promise<Reading>} */
async function readCase({ format, path, folder }) {
  try {
    await readers[format](path, folder);
    return { outcome: "ok", message: "" };
  } catch (error) {
    const isOurs =
      error instanceof ResiduaError && !/[\n\r]/.test(error.message) && error.message.length <= LONGEST_MESSAGE;
    const message =
      error instanceof Error ? (isOurs ? error.message : (error.stack ?? String(error)).slice(0, 4000)) : String(error);
    return { outcome: isOurs ? "refused" : "uncaught", message };
  }
}

process.on("message", (/** @type {Case} */ read) => {
  void readCase(read).then((reading) =>
    process.send?.({ ...reading, peak: 1024 * process.resourceUsage().maxRSS }, () => undefined),
  );
});
process.once("disconnect", () => process.exit());
process.send?.("ready");
