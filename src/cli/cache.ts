export { cacheFolder } from "../front/node/cache.ts";
