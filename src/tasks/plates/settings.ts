import * as v from "valibot";

/** What a network for plates does: find their corners in a picture, or read a straightened one. */
export const plateParts = ["locate", "read"] as const;
export type PlatePart = (typeof plateParts)[number];

/** All that finding or reading plates needs to know beside the network. */
export interface PlateSettings {
  readonly name: "plates";
  readonly part: PlatePart;
  /** Share of the training's samples that are drawn; the others come from the data's crops or scenes as they are. */
  readonly drawnShare: number;
  /** Samples of an epoch. */
  readonly samples: number;
  /** Share of the data's plates, not of its pictures, that are held out to choose the best epoch. */
  readonly heldOut?: number;
  /** The folder of glyphs that plates were drawn with; the built-in fonts alone if left out. */
  readonly glyphs?: string;
  /** Rows and columns of the parts of scenes that the locator is trained on. */
  readonly crop?: number;
  /** Of a reader: least legibility of what it takes for a plate, as it was chosen for these weights. */
  readonly legibility?: number;
}

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** The settings as a card keeps them. */
export const plateSettings: v.GenericSchema<unknown, PlateSettings> = v.strictObject({
  name: v.literal("plates"),
  part: v.picklist(plateParts),
  drawnShare: share,
  samples: count,
  heldOut: v.exactOptional(share),
  glyphs: v.exactOptional(v.string()),
  crop: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(64), v.maxValue(1024), v.multipleOf(16))),
  legibility: v.exactOptional(share),
});
