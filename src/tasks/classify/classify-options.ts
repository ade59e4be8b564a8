import * as v from "valibot";
import { checkPlainData, countingNumber } from "../../files/schema.ts";
import { OptionError } from "../../tensor/errors.ts";
import { viewsNames } from "./views.ts";

const evaluation = v.strictObject({ topK: v.optional(countingNumber), views: v.optional(v.picklist(viewsNames)) });
const prediction = v.strictObject({ top: v.optional(countingNumber) });

const check = (schema: v.GenericSchema, given: object): void =>
  void checkPlainData(schema, given, ({ path, detail }) => new OptionError(path === "" ? "options" : path, detail));

/** @throws {OptionError} naming what is not known, or is not what it may be */
export const requireEvaluationOptions = (given: object): void => check(evaluation, given);

/** @throws {OptionError} naming what is not known, or is not what it may be */
export const requirePredictionOptions = (given: object): void => check(prediction, given);
