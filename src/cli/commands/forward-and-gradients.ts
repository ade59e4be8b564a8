import { extname } from "node:path";
import type { Command } from "commander";
import type { ShortcutType } from "../../nn/shortcuts/type.ts";
import type { Device } from "../../runtime/device.ts";
import type { ImportedModel } from "../../networks/load-weights.ts";
import { OptionError } from "../../tensor/errors.ts";
import { OutputFileOption } from "../output-file.ts";
import { sharedOptions } from "../options.ts";
import { entryOf, loadOptionsOf, type WeightsOptions, weightsOptions } from "../weights-options.ts";
import { printJson, say, sayMessage } from "../output.ts";

interface PassOptions extends WeightsOptions {
  readonly weights: string;
  readonly input: string;
  readonly output: string;
  readonly shortcut?: ShortcutType;
  readonly threads?: number;
  readonly device?: Device;
  readonly json?: boolean;
}

const threadsOf = ({ threads }: PassOptions): { readonly threads?: number } =>
  threads === undefined ? {} : { threads };

async function load(name: string, options: PassOptions): Promise<ImportedModel> {
  const { describeLeft, loadWeights } = await import("../../networks/load-weights.ts");
  const { readWeightsFile } = await import("../../weights/node.ts");
  const { weights, shortcut } = options;
  const loaded = loadWeights(await readWeightsFile(weights, entryOf(options)), weights, {
    ...(name === "auto" ? {} : { name }),
    ...(shortcut === undefined ? {} : { options: { shortcut } }),
    ...loadOptionsOf(options),
  });
  const left = describeLeft(loaded);
  if (left !== undefined) sayMessage(`${weights}: ${left}`);
  return loaded;
}

/** What a pass needs, loaded when one is run. */
const loadPasses = () =>
  Promise.all([
    import("../../train/forward-and-gradients.ts"),
    import("../../runtime/node.ts"),
    import("../../weights/node.ts"),
  ]);

const loadDeviceCheck = () => import("../../runtime/node/devices/require-device.ts");

async function forward(name: string, options: PassOptions): Promise<void> {
  const [{ runForward }, { createNodeRuntime }, { readNpy, writeNpy }] = await loadPasses();
  await (await loadDeviceCheck()).requireDevice(options.device);
  const loaded = await load(name, options);
  const scores = await runForward(
    createNodeRuntime(options.device),
    loaded,
    await readNpy(options.input),
    threadsOf(options),
  );
  await writeNpy(options.output, scores);
  if (options.json)
    printJson({
      model: loaded.model.name,
      shortcut: loaded.model.options.shortcut,
      output: options.output,
      shape: scores.shape,
    });
  else
    say({
      en: `wrote scores [${scores.shape.join(",")}] to ${options.output}`,
      zh: `得分 [${scores.shape.join(",")}] 已写入 ${options.output}`,
    });
}

const gradientWriters: Readonly<Record<string, "writeSafetensors" | "writePytorch">> = {
  ".safetensors": "writeSafetensors",
  ".pth": "writePytorch",
  ".pt": "writePytorch",
};

async function gradients(name: string, options: PassOptions & { readonly labels: string }): Promise<void> {
  const write = gradientWriters[extname(options.output)];
  if (write === undefined)
    throw new OptionError("--output", `${options.output}: must end in ${Object.keys(gradientWriters).join(", ")}`);
  const [{ runGradients }, { createNodeRuntime }, weights] = await loadPasses();
  const { crossEntropy } = await import("../../nn/losses.ts");
  await (await loadDeviceCheck()).requireDevice(options.device);
  const loaded = await load(name, options);
  const images = await weights.readNpy(options.input);
  const labels = await weights.readNpy(options.labels);
  const found = await runGradients(
    createNodeRuntime(options.device),
    loaded,
    images,
    labels,
    { loss: crossEntropy },
    threadsOf(options),
  );
  await weights[write](options.output, new Map([...found.gradients, ["loss", found.loss]]));
  const loss = Number(found.loss.data[0]);
  if (options.json)
    printJson({
      model: loaded.model.name,
      shortcut: loaded.model.options.shortcut,
      output: options.output,
      loss,
      gradients: found.gradients.size,
    });
  else
    say({
      en: `loss ${loss}; wrote ${found.gradients.size} gradients to ${options.output}`,
      zh: `损失 ${loss}；${found.gradients.size} 个梯度已写入 ${options.output}`,
    });
}

function definePass(program: Command, name: string): Command {
  return program
    .command(name)
    .argument("<model>", "network name, such as resnet20 or resnet18; auto: the one that inspect identifies")
    .requiredOption(
      "--weights <file>",
      "PyTorch .pth, safetensors, Keras .h5 or ONNX, in any layout that inspect knows; it sets channels and classes",
    )
    .requiredOption("--input <file>", "images as .npy, [N,C,H,W] float32")
    .addOption(new OutputFileOption("--output <file>", "where to write the result").makeOptionMandatory())
    .addOption(sharedOptions.shortcut())
    .addOption(weightsOptions.layout())
    .addOption(weightsOptions.entry())
    .addOption(weightsOptions.prefix())
    .addOption(weightsOptions.partial())
    .addOption(sharedOptions.threads())
    .addOption(sharedOptions.device())
    .addOption(sharedOptions.json());
}

/** `residua forward MODEL`: computes scores of images in evaluation mode. */
export function registerForward(program: Command): void {
  definePass(program, "forward")
    .addHelpText(
      "after",
      "\nExamples:\n  $ residua forward resnet20 --shortcut A --weights w.pth --input x.npy --output y.npy\n  $ residua forward auto --weights resnet20.th --input x.npy --output y.npy",
    )
    .action(forward);
}

/** `residua gradients MODEL`: computes the gradient of the loss with respect to every trainable parameter. */
export function registerGradients(program: Command): void {
  definePass(program, "gradients")
    .requiredOption("--labels <file>", "classes as .npy, [N] int64")
    .addHelpText(
      "after",
      "\nExample:\n  $ residua gradients resnet18 --weights w.safetensors --input x.npy --labels y.npy --output g.safetensors",
    )
    .action(gradients);
}
