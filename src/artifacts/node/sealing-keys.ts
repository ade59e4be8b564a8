import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { FormatError } from "../../tensor/errors.ts";
import { type KeyTexts, parseKey, readPublicText, readSecretText, type WantedKey } from "./key-files.ts";

/*
 * A key to be sealed for is an age identity, its public half an age recipient. Earlier versions of Residua wrote X25519
 * keys in PEM form. An age identity is such a key's 32 bytes in Bech32, so those pairs seal and unseal as the new ones do.
 */
const RECIPIENT = "an age recipient (age1…), as `residua keys` names …-seal.pub";
const IDENTITY = "an age identity (AGE-SECRET-KEY-1…), as `residua keys` names …-seal.key";
const IDENTITY_PREFIX = "age-secret-key-";
/** What precedes a raw X25519 key in its PKCS #8 form (RFC 8410). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");

const wanted = (words: string): WantedKey => ({ type: "x25519", words });

/** Makes an age identity, in the form that `age-keygen` gives it, and its recipient. */
export async function makeSealingKeys(): Promise<KeyTexts> {
  const { generateX25519Identity, identityToRecipient } = await import("age-encryption");
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  return { secret: `# public key: ${recipient}\n${identity}\n`, public: `${recipient}\n`, fingerprint: recipient };
}

/**
 * Reads the recipients to seal a file for: the age recipients of a file, one per line, or one X25519 key in PEM form.
 *
 * @throws {EnvironmentError} if it cannot be read
 * @throws {FormatError} if it holds none, or anything else
 */
export async function readRecipients(path: string): Promise<readonly string[]> {
  const text = await readPublicText(path);
  if (isPem(text)) {
    const key = parseKey(path, wanted(RECIPIENT), () => createPublicKey(text));
    return [await toBech32("age", key, "x")];
  }
  const { Encrypter } = await import("age-encryption");
  return checkLines(path, text, { words: RECIPIENT, check: (line) => new Encrypter().addRecipient(line) });
}

/**
 * Reads the identities that unseal a file: the age identities of a file, one per line, or one X25519 key in PEM form.
 *
 * @throws {EnvironmentError} if it cannot be read, or others may read it
 * @throws {FormatError} if it holds none, or anything else; the error holds nothing of the file's content
 */
export async function readIdentities(path: string): Promise<readonly string[]> {
  const text = await readSecretText(path);
  if (isPem(text)) {
    const key = parseKey(path, wanted(IDENTITY), () => createPrivateKey(text));
    return [(await toBech32(IDENTITY_PREFIX, key, "d")).toUpperCase()];
  }
  const { Decrypter } = await import("age-encryption");
  return checkLines(path, text, { words: IDENTITY, check: (line) => new Decrypter().addIdentity(line) });
}

/** The X25519 key of an age identity; nothing for one of another kind, such as age's post-quantum ones. */
export async function toX25519Key(identity: string): Promise<KeyObject | undefined> {
  const { bech32 } = await import("@scure/base");
  const { prefix, bytes } = bech32.decodeToBytes(identity);
  if (prefix !== IDENTITY_PREFIX) return undefined;
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, bytes]), format: "der", type: "pkcs8" });
}

function isPem(text: string): boolean {
  return text.trimStart().startsWith("-----BEGIN");
}

async function toBech32(prefix: string, key: KeyObject, part: "d" | "x"): Promise<string> {
  const { bech32 } = await import("@scure/base");
  return bech32.encodeFromBytes(prefix, Buffer.from(key.export({ format: "jwk" })[part]!, "base64url"));
}

/** Lines that are neither empty nor comments, each of which passes the check. */
function checkLines(
  path: string,
  text: string,
  { words, check }: { readonly words: string; readonly check: (line: string) => void },
): readonly string[] {
  const lines = text.split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0) throw new FormatError(path, `holds no key; must be ${words}`);
  for (const key of keys) {
    try {
      check(key);
    } catch {
      // The check's own message may quote the key.
      throw new FormatError(path, `holds a line that is not such a key; every line must be ${words}`);
    }
  }
  return keys;
}
