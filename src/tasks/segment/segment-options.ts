import * as v from "valibot";
import { checkPlainData, countingNumber } from "../../files/schema.ts";
import { OptionError } from "../../tensor/errors.ts";
import type { MaskMeaning } from "./data/set.ts";
import { instanceEntries, viewCounts } from "./settings.ts";

const { foreground, persistence, boundaryWeight, minimumArea } = instanceEntries;
const told = v.optional(v.function());

/** What says how an image is segmented, or how several are; a field of undefined is as one that is left out. */
const options = v.strictObject({
  // A tile that its neighbours overlap by more is worked on ten times along each axis.
  overlap: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(0.9))),
  views: v.optional(viewCounts),
  batch: v.optional(countingNumber),
  instances: v.optional(
    v.strictObject({
      foreground: v.exactOptional(foreground),
      persistence: v.exactOptional(persistence),
      boundaryWeight: v.exactOptional(boundaryWeight),
      minimumArea: v.exactOptional(minimumArea),
    }),
  ),
  onProgress: told,
  onImage: told,
  keepMaps: told,
});

/**
 * Checks what a program says of how images are segmented.
 *
 * @throws {OptionError} naming what is not known, is not what it may be, or is of cells where a network gives classes
 */
export function requireSegmentOptions(given: object, target: MaskMeaning): void {
  const { instances = {}, keepMaps } = checkPlainData(
    options,
    given,
    ({ path, detail }) => new OptionError(path === "" ? "options" : path, detail),
  );
  if (target === "instances") return;
  const [first] = Object.keys(instances);
  const foreign = first === undefined ? (keepMaps === undefined ? undefined : "keepMaps") : `instances.${first}`;
  if (foreign !== undefined) throw new OptionError(foreign, "applies to cells; the network gives classes of points");
}
