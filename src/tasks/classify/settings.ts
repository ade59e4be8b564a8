import * as v from "valibot";

/** Telling images of classes apart needs no more than a network's card says of every network. */
export interface ClassifySettings {
  readonly name: "classify";
}

/** The settings as a card keeps them. */
export const classifySettings: v.GenericSchema<unknown, ClassifySettings> = v.strictObject({
  name: v.literal("classify"),
});
