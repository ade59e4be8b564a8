import { type Signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { OfferedFolder } from "../../server-protocol.ts";
import { say } from "../language.ts";
import { engineAddress, isOffered } from "../server-job.ts";
import type { ImageSource } from "./read-job.ts";

async function listFolders(folders: Signal<readonly OfferedFolder[]>): Promise<void> {
  if (!isOffered("data")) return;
  const response = await fetch(engineAddress("data"));
  if (response.ok) folders.value = (await response.json()) as readonly OfferedFolder[];
}

/** The folders that were named on the server's command line, if there are any. */
export function OfferedFolders({ onSource }: { readonly onSource: (source: ImageSource) => void }): JSX.Element | null {
  const folders = useSignal<readonly OfferedFolder[]>([]);
  // A server that is gone offers none.
  useEffect(() => void listFolders(folders).catch(() => undefined), []);
  if (folders.value.length === 0) return null;
  return (
    <p class="offered">
      {say({ en: "Or a folder of this machine:", zh: "或本机的文件夹：" })}
      {folders.value.map((folder, place) => (
        <button
          key={place}
          type="button"
          onClick={() => onSource({ kind: "server", folder, address: engineAddress(`data/${place}/`).href })}
        >
          {folder.name}
        </button>
      ))}
    </p>
  );
}
