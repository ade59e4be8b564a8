import type { ModelFamily } from "../../nn/family.ts";
import type { ModelOptions } from "../../nn/model-options.ts";
import type { ChannelNormalization } from "./layout.ts";
import type { NamePair } from "./names.ts";

/**
 * How a system names the networks of one family that is no sequence of ResNet's blocks. Its names lead to the names of
 * Residua's networks, with which the file is then compared; there are no common names between.
 */
export interface FamilyLayout {
  /** Its name in messages. */
  readonly name: string;
  readonly family: ModelFamily;
  /** A name that every such file has and few others do: no other file is compared. */
  readonly mark: string;
  /** From the system's names to Residua's. */
  readonly names: readonly NamePair[];
  /** Options that change names or shapes, the most likely first; the family's defaults come before all of them. */
  readonly variants: readonly ModelOptions[];
  readonly normalization: ChannelNormalization;
}
