import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import type { Dropped } from "../dropped.ts";
import { say } from "../language.ts";
import { sayMessage } from "../message.ts";
import { ChooseFiles } from "../parts/drop-zone.tsx";
import { type Side, takeSigningOf } from "./chosen.ts";
import type { SignatureView } from "./describe-job.ts";

type Holding = Extract<SignatureView, { readonly kind: "holds" }>;

/** What was found, in one line. */
const verdicts: { readonly [Kind in SignatureView["kind"]]: Words } = {
  none: { en: "Not signed", zh: "没有签名" },
  unchecked: { en: "Signer not known", zh: "签名者未知" },
  holds: { en: "The signature holds", zh: "签名有效" },
  broken: { en: "The signature does not hold", zh: "签名无效" },
  unreadable: { en: "The signature cannot be checked", zh: "无法验证签名" },
};

function Explanation({ signature }: { readonly signature: SignatureView }): JSX.Element {
  if (signature.kind === "broken" || signature.kind === "unreadable") return <p>{sayMessage(signature)}</p>;
  if (signature.kind === "unchecked")
    return (
      <p>
        {signature.isRelease
          ? say({
              en: `The file has the bytes that ${signature.name} names, but it is not the release's key that signed. Give the signer's public key; until then, nothing is known of who signed.`,
              zh: `文件与 ${signature.name} 所述的字节一致，但签名的不是发布密钥。请给出签名者的公钥；在此之前，无法知道是谁签名的。`,
            })
          : say({
              en: `The file has the bytes that ${signature.name} names. Give the signer's public key; until then, nothing is known of who signed.`,
              zh: `文件与 ${signature.name} 所述的字节一致。请给出签名者的公钥；在此之前，无法知道是谁签名的。`,
            })}
      </p>
    );
  return (
    <p>
      {say({
        en: "No signature was given with the file: a signature lies beside it, as NAME.sig. Nothing tells who made it.",
        zh: "没有随文件给出签名：签名是它旁边的文件 NAME.sig。无从得知是谁制作的。",
      })}
    </p>
  );
}

/** Whose key signed, and what its owner vouches for. */
function Signer({ signature }: { readonly signature: Holding }): JSX.Element {
  const { key, isRelease, signer, signedName, provenance } = signature;
  return (
    <>
      <p>
        {isRelease
          ? say({
              en: "The release's key signed exactly these bytes. It came with this site: who can replace the site can replace the key.",
              zh: "发布密钥签署的正是这些字节。该密钥随本站点而来：能替换站点的人也能替换密钥。",
            })
          : say({
              en: `The key in ${key} signed exactly these bytes. Whose key it is, you must know: compare its fingerprint.`,
              zh: `${key} 中的密钥签署的正是这些字节。这是谁的密钥须由您确认：请比对其指纹。`,
            })}
      </p>
      <dl class="facts">
        <div>
          <dt>{say({ en: "Fingerprint of the key", zh: "密钥指纹" })}</dt>
          <dd>{signer}</dd>
        </div>
        <div>
          <dt>{say({ en: "Signed as", zh: "签名时的文件名" })}</dt>
          <dd>{signedName}</dd>
        </div>
        {provenance.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

interface SignatureProps {
  readonly signature: SignatureView;
  /** Which of the networks that are shown the file is. */
  readonly side: Side;
  /** What the signature is called; "Signature" if there is only one. */
  readonly heading?: JSX.Element;
}

/** Who signed a file, as far as it was checked. */
export function Signature({ signature, side, heading }: SignatureProps): JSX.Element {
  const { kind } = signature;
  const isFirst = side === "first";
  const take = (dropped: Dropped): void => takeSigningOf(side, dropped);
  return (
    <section class={`signature ${kind}`}>
      <h3>{heading ?? say({ en: "Signature", zh: "签名" })}</h3>
      <p role="status" class="verdict">
        {say(verdicts[kind])}
      </p>
      {kind === "holds" ? <Signer signature={signature} /> : <Explanation signature={signature} />}
      <p class="ways">
        {kind === "none" && (
          <ChooseFiles
            label={say({ en: "Choose its signature", zh: "选择签名" })}
            name={isFirst ? "signature" : "other-signature"}
            accept=".sig"
            most={1}
            onChoose={take}
          />
        )}
        {kind !== "none" && (
          <ChooseFiles
            label={say({ en: "Choose the public key", zh: "选择公钥" })}
            name={isFirst ? "key" : "other-key"}
            accept=".pub"
            most={1}
            onChoose={take}
          />
        )}
      </p>
    </section>
  );
}
