import { execFileSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { join } from "node:path";

/** Makes NAME.pem and NAME.key in a folder: a certificate for this machine, signed by itself. */
export function makeCertificate(at: string, name: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(at, `${name}.pem`), join(at, `${name}.key`)];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9"];
  execFileSync("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", cert, "-subj", "/CN=localhost"], {
    stdio: "pipe",
  });
  chmodSync(key, 0o600);
  return { cert, key };
}
