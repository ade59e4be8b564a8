/** Files in Node: read whole, written whole or not at all, folders made; every failure in one line. */
export { builtFile } from "./node/built-file.ts";
export { toEnvironmentError } from "./node/failure.ts";
export * from "./node/folders.ts";
export {
  type FileSource,
  largestFile,
  readFileBytes,
  readFilePieces,
  readSource,
  readTextFile,
  whereOf,
} from "./node/read.ts";
export { acquireLock, fileLockPath, folderLockPath, type Unlock } from "./node/lock.ts";
export { type FileContent, removeUnfinished, writeFileAtomically } from "./node/write.ts";
