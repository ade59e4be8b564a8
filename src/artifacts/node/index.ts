/** Artefacts that are signed, and sealed for one recipient. */
export { type KeyPairFiles, type KeyPurpose, makeKeyPair } from "./keys.ts";
export { readProvenance } from "./provenance.ts";
export { sealArtefact, unsealArtefact, unsealBytes } from "./seal.ts";
export { readVerified, signArtefact, signaturePathOf, verifyArtefact } from "./signature.ts";
export type { Provenance, Statement } from "../statement.ts";
