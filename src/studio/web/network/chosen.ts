import { type Signal, signal } from "@preact/signals";
import type { ShortcutType } from "../../../nn/shortcuts/type.ts";
import type { Dropped } from "../dropped.ts";
import { replaceQuery } from "../route.ts";
import type { DescribeInput, NetworkSource, SignatureFiles } from "./describe-job.ts";
import { type NamedNetwork, standardNetwork, writeNamedNetwork } from "./options.ts";
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
}

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
  const { named, file, signing } = own;
  const { model, shortcut, size } = named;
  const other = otherOf(own);
  return {
    models: new URL("models/", document.baseURI).href,
    source: file === undefined ? sourceOf(model, shortcut) : { kind: "file", file },
    ...(size === undefined ? {} : { size }),
    ...(other === undefined ? {} : { other }),
    ...(signing === undefined ? {} : { signing }),
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
const second = ({ named, otherFile }: Chosen): Chosen => ({
  named: { ...standardNetwork, with: named.with, withShortcut: named.withShortcut },
  ...(otherFile === undefined ? {} : { otherFile }),
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
  const { otherFile: _, named, ...own } = chosen.value;
  choose({ ...own, named: { ...named, with: name, withShortcut: shortcut } });
}

function compareWith(otherFile: File): void {
  const { named, ...own } = chosen.value;
  choose({ ...own, named: { ...named, with: undefined, withShortcut: undefined }, otherFile });
}

/** Files by what their names say that they are. */
interface Sorted {
  readonly networks: readonly File[];
  readonly signing: SignatureFiles;
  /** Whether there are two signatures, or two keys. */
  readonly isDouble: boolean;
}

function sortDropped(dropped: Dropped): Sorted {
  const files = "files" in dropped ? dropped.files.map(({ file }) => file) : [];
  const ending = (end: string): readonly File[] => files.filter(({ name }) => name.endsWith(end));
  const [signatures, keys] = [ending(".sig"), ending(".pub")];
  const [[signature], [key]] = [signatures, keys];
  return {
    networks: files.filter((file) => !signatures.includes(file) && !keys.includes(file)),
    signing: { ...(signature === undefined ? {} : { signature }), ...(key === undefined ? {} : { key }) },
    isDouble: signatures.length > 1 || keys.length > 1,
  };
}

/** Most files that mean something together: two networks, a signature and a key. */
export const mostFiles = 4;

/** Shows the network that was dropped, with its signature; two of them side by side. */
export function takeNetworks(dropped: Dropped): void {
  const { networks, signing, isDouble } = sortDropped(dropped);
  const [file, otherFile, ...rest] = networks;
  const hasSigning = Object.keys(signing).length > 0;
  if (file === undefined && hasSigning && !isDouble) takeSigning(signing);
  else if (file === undefined || rest.length > 0 || isDouble)
    refuse({
      en: "Too many files were dropped; drop one that holds a network, or two to compare them, with one signature and one public key.",
      zh: "拖入的文件过多；请拖入一个含有网络的文件，或两个以作比较，另可加一个签名和一个公钥。",
    });
  else if (otherFile === undefined) choose({ ...second(chosen.value), file, signing });
  else choose({ named: standardNetwork, file, otherFile, signing });
}

/** Checks the file that is shown with a signature or a key besides what there is. */
function takeSigning(signing: SignatureFiles): void {
  const own = chosen.value;
  if (own.file === undefined)
    refuse({
      en: "A signature or a key was dropped, and there is no file to check; drop the network's file with it.",
      zh: "拖入了签名或密钥，但没有可验证的文件；请把网络文件一起拖入。",
    });
  else choose({ ...own, signing: { ...own.signing, ...signing } });
}

/** Compares with the network that was dropped. */
export function takeOther(dropped: Dropped): void {
  const files = "files" in dropped ? dropped.files : [];
  const [first, ...rest] = files;
  if (first === undefined || rest.length > 0)
    refuse({
      en: "More than one file was dropped; drop one to compare with.",
      zh: "拖入了不止一个文件；请拖入一个用来比较的文件。",
    });
  else compareWith(first.file);
}
