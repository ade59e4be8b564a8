import { homedir } from "node:os";
import { join } from "node:path";

/** The folder of downloaded data sets: `RESIDUA_CACHE`, else the user's cache folder. */
export function cacheFolder(): string {
  const { RESIDUA_CACHE, XDG_CACHE_HOME } = process.env;
  return RESIDUA_CACHE ?? join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "residua");
}
