import { readFileBytes } from "../../files/node.ts";
import { ResiduaError } from "../../tensor/errors.ts";
import { decodeCheckpoint } from "../../train/checkpoint.ts";
import { readOnnxCard } from "../../networks/export.ts";
import type { NetworkCard } from "../../networks/card.ts";
import { looksLikeSafetensors } from "../../weights/safetensors/safetensors.ts";
import type { Provenance } from "../statement.ts";

/** What a file records about its own origin: network, data and training. Empty for other files. */
export async function readProvenance(path: string): Promise<Provenance> {
  try {
    const bytes = await readFileBytes(path);
    if (!looksLikeSafetensors(bytes)) return describeCard(readOnnxCard(bytes, path));
    const { notes } = decodeCheckpoint(bytes, path);
    const { seed, epochs, batch, optimizer } = notes.recipe;
    return {
      ...describeCard(notes.network),
      training: `step ${notes.place.step}, epoch ${notes.place.epochs.length} of ${epochs}, batch ${batch}, ${optimizer.name}, seed ${seed}`,
      engine: [notes.engine.lowering, notes.engine.runtime, notes.engine.device ?? []].flat().join(", "),
    };
  } catch (error) {
    // Any file may be signed; one that cannot be read at all is refused when it is.
    if (error instanceof ResiduaError) return {};
    throw error;
  }
}

function describeCard({ model, imageShape, data, classes }: NetworkCard): Provenance {
  return {
    network: `${model.name}, shortcut ${model.options.shortcut}`,
    images: imageShape.join("×"),
    data: `${data}, ${classes.length} classes`,
  };
}
