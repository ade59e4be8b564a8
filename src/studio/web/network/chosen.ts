import { type Signal, signal } from "@preact/signals";
import type { ShortcutType } from "../../../nn/shortcuts/type.ts";
import type { Dropped } from "../dropped.ts";
import { replaceQuery } from "../route.ts";
import type { DescribeInput, NetworkSource, SignatureFiles } from "./describe-job.ts";
import { type NamedNetwork, standardNetwork, writeNamedNetwork } from "./options.ts";
import { isUnclear, signingOf, signingOfTwo, sortDropped, type Sorted } from "./signing-files.ts";
import { describe, refuse } from "./state.ts";

/** What is looked at. */
export interface Chosen {
  /** What stands in a link. */
  readonly named: NamedNetwork;
  /** The file that is shown; a network by its name if there is none. */
  readonly file?: File | undefined;
  /** The file that it is compared with; a network by its name, or none, if there is none. */
  readonly otherFile?: File | undefined;
  /** What the file is checked by. */
  readonly signing?: SignatureFiles;
  /** What the other file is. */
  readonly otherSigning?: SignatureFiles;
}

/** Which of the two networks is meant. */
export type Side = "first" | "second";

/** The network that is chosen, and the one that it is compared with. */
export const chosen: Signal<Chosen> = signal({ named: standardNetwork });

const sourceOf = (model: string, shortcut: ShortcutType | undefined): NetworkSource => ({
  kind: "named",
  model,
  ...(shortcut === undefined ? {} : { shortcut }),
});

function otherOf({ named, otherFile }: Chosen): NetworkSource | undefined {
  if (otherFile !== undefined) return { kind: "file", file: otherFile };
  return named.with === undefined ? undefined : sourceOf(named.with, named.withShortcut);
}

function inputOf(own: Chosen): DescribeInput {
  const { named, file, signing, otherSigning } = own;
  const { model, shortcut, size } = named;
  const other = otherOf(own);
  return {
    models: new URL("models/", document.baseURI).href,
    source: file === undefined ? sourceOf(model, shortcut) : { kind: "file", file },
    ...(size === undefined ? {} : { size }),
    ...(other === undefined ? {} : { other }),
    ...(signing === undefined ? {} : { signing }),
    ...(otherSigning === undefined ? {} : { otherSigning }),
  };
}

function show(own: Chosen): void {
  chosen.value = own;
  void describe(inputOf(own));
}

/** Shows what a link says; the address is left as it is. */
export function showLinked(named: NamedNetwork): void {
  show({ named });
}

/** Shows a network; its link too, if files have no part in it. */
function choose(own: Chosen): void {
  const { named, file, otherFile } = own;
  replaceQuery(file === undefined && otherFile === undefined ? writeNamedNetwork(named) : "");
  show(own);
}

/** What a network is chosen with besides: the second one. */
const second = ({ named, otherFile, otherSigning }: Chosen): Chosen => ({
  named: { ...standardNetwork, with: named.with, withShortcut: named.withShortcut },
  ...(otherFile === undefined ? {} : { otherFile }),
  ...(otherSigning === undefined ? {} : { otherSigning }),
});

/** Shows a network by its name. */
export function chooseNamed(model: string, shortcut?: ShortcutType): void {
  const own = second(chosen.value);
  const { size } = model === chosen.value.named.model ? chosen.value.named : standardNetwork;
  choose({ ...own, named: { ...own.named, model, shortcut, size } });
}

/** Shows the network for images of another size. */
export function chooseSize(size: number | undefined): void {
  choose({ ...chosen.value, named: { ...chosen.value.named, size } });
}

/** Compares with a network by its name, or with none. */
export function chooseOther(name: string | undefined, shortcut?: ShortcutType): void {
  const { otherFile: _, otherSigning: __, named, ...own } = chosen.value;
  choose({ ...own, named: { ...named, with: name, withShortcut: shortcut } });
}

/** Most files that mean something together: two networks, a signature of each, and a key. */
export const mostFiles = 5;

/** Shows the network that was dropped, with its signature; two of them side by side. */
export function takeNetworks(dropped: Dropped): void {
  const sorted = sortDropped(dropped);
  const { networks, signatures, keys } = sorted;
  const own = chosen.value;
  const [file, otherFile] = networks.length === 0 ? [own.file, own.otherFile] : networks;
  const isNothing = networks.length + signatures.length + keys.length === 0;
  if (isNothing || isUnclear(sorted, [file, otherFile]))
    refuse({
      en: "Too many files were dropped; drop one that holds a network, or two to compare them, with one signature of each, named after it as NAME.sig, and one public key.",
      zh: "拖入的文件过多；请拖入一个含有网络的文件，或两个以作比较，另可加各自的一个签名（以网络命名，即 NAME.sig）和一个公钥。",
    });
  else if (networks.length === 0) takeSigning(sorted);
  else if (otherFile === undefined) choose({ ...second(own), file, signing: signingOf(signatures[0], keys[0]) });
  else choose({ named: standardNetwork, file, otherFile, ...signingOfTwo([file, otherFile], sorted) });
}

/** Checks the files that are shown with signatures or a key besides what there is. */
function takeSigning(sorted: Sorted): void {
  const { signing, otherSigning, ...own } = chosen.value;
  const { file, otherFile } = own;
  if (file === undefined && otherFile === undefined) {
    refuse({
      en: "A signature or a key was dropped, and there is no file to check; drop the network's file with it.",
      zh: "拖入了签名或密钥，但没有可验证的文件；请把网络文件一起拖入。",
    });
    return;
  }
  const given = signingOfTwo([file, otherFile], sorted);
  choose({
    ...own,
    signing: { ...signing, ...given.signing },
    otherSigning: { ...otherSigning, ...given.otherSigning },
  });
}

/** Checks one of the files that are shown with a signature or a key. */
export function takeSigningOf(side: Side, dropped: Dropped): void {
  const {
    signatures: [signature],
    keys: [key],
  } = sortDropped(dropped);
  const { signing, otherSigning, ...own } = chosen.value;
  const given = signingOf(signature, key);
  if (Object.keys(given).length === 0)
    refuse({
      en: "That is no signature and no public key by its name: NAME.sig, NAME.pub.",
      zh: "从文件名看，这既不是签名也不是公钥：应为 NAME.sig 或 NAME.pub。",
    });
  else
    choose({
      ...own,
      signing: side === "first" ? { ...signing, ...given } : { ...signing },
      otherSigning: side === "second" ? { ...otherSigning, ...given } : { ...otherSigning },
    });
}

/** Most files that a second network comes in: it, its signature and a key. */
export const mostOther = 3;

/** Compares with the network that was dropped, with its signature and a key. */
export function takeOther(dropped: Dropped): void {
  const { networks, signatures, keys } = sortDropped(dropped);
  const [otherFile, ...rest] = networks;
  if (otherFile === undefined || rest.length > 0 || signatures.length > 1 || keys.length > 1) {
    refuse({
      en: "More than one file was dropped; drop one to compare with, and its signature and a public key if you like.",
      zh: "拖入了不止一个文件；请拖入一个用来比较的文件，另可加它的签名和一个公钥。",
    });
    return;
  }
  const { named, ...own } = chosen.value;
  choose({
    ...own,
    named: { ...named, with: undefined, withShortcut: undefined },
    otherFile,
    otherSigning: signingOf(signatures[0], keys[0]),
  });
}
