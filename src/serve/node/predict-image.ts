import { findNodeTask } from "../../tasks/node/find-node-task.ts";
import { type LoadedNetwork, loadTask } from "../../tasks/loaded-network.ts";
import type { TaskName, TypesOf } from "../../tasks/find-task.ts";
import { OptionError } from "../../tensor/errors.ts";
import { quote } from "../../tensor/printable.ts";
import { chooseType } from "../protocol/media-types.ts";
import { RequestError } from "../protocol/request-error.ts";
import type { ModelRunner } from "./model-runner.ts";
import type { PredictWork } from "./work.ts";

/** An answer about an image, as it is sent. */
export interface ImageAnswer {
  readonly type: string;
  readonly body: string | Uint8Array;
}

/**
 * What a network says about an image, which is prepared as its card says.
 *
 * @throws {RequestError} 400 if the model has no card, 406 if nothing that it can answer with is wanted
 * @throws {FormatError} if it is no image, or decodes to more than it may
 * @throws {OptionError} naming an option that is not known
 */
export async function predictImage({ network }: Pick<ModelRunner, "network">, work: PredictWork): Promise<ImageAnswer> {
  if (network === undefined)
    throw new RequestError(400, "model", "has no card that says how images are prepared; send tensors to infer");
  return predictAs(loadTask(network, "model"), work);
}

async function predictAs<Name extends TaskName>(
  network: LoadedNetwork<Name>,
  { image, accept, options, decodedBytes }: PredictWork,
): Promise<ImageAnswer> {
  const { answers, readInput } = await findNodeTask(network.task);
  const types = Object.keys(answers.write);
  const type = chooseType(accept, types);
  if (type === undefined) throw new RequestError(406, "Accept", `must allow one of ${types.join(", ")}`);
  const { page, channel, ...own } = options;
  const how = answers.readOptions(own);
  const source = { bytes: image, where: "image" };
  const choice = { ...readPlace("page", page), ...readPlace("channel", channel), maximumBytes: decodedBytes };
  const input = await readInput(source, network.card, choice);
  const found: TypesOf<Name>["output"] = await network.predict(input, how);
  return { type, body: await answers.write[type](found, { input, settings: network.settings }) };
}

function readPlace(name: "page" | "channel", text: string | undefined): { readonly [key: string]: number } {
  if (text === undefined) return {};
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new OptionError(name, `must be a whole number from 1, got ${quote(text)}`);
  return { [name]: Number(text) };
}
