/**
 * The experiments of docs/results.md, most important first. Anybody can type their commands; `tiny` is the version that
 * continuous integration runs, on MNIST, which comes with the development packages; `short` is a version of minutes.
 *
 * @typedef {object} Experiment
 * @property {string} name
 * @property {string} title
 * @property {string} published what the literature says, with its source
 * @property {string} note what a reader must know to judge it
 * @property {readonly string[]} command
 * @property {readonly string[]} short the arguments that the short version adds or replaces
 * @property {readonly string[]} tiny likewise, for CI
 */

const train = (/** @type {string} */ data, /** @type {readonly string[]} */ more) => [
  "train",
  "--data",
  data,
  "--model",
  "resnet20",
  ...more,
];
const trainOnCifar = (/** @type {string} */ shortcut) =>
  train("cifar10", `--shortcut ${shortcut} --augment --epochs 60 --batch-size 128 --lr 0.1 --validation 0`.split(" "));
const shortTraining = ["--limit", "6400", "--epochs", "1"];
const tinyTraining = ["--data", "mnist", "--model", "resnet8", "--limit", "160", "--epochs", "1", "--batch-size", "32"];
const shortComparison = ["--limit", "3200", "--test-limit", "1000", "--epochs", "1", "--seeds", "2"];
const tinyComparison = (/** @type {string} */ depth, seeds = 1) =>
  `--data mnist --depth ${depth} --seeds ${seeds} --limit 96 --test-limit 100 --epochs 1 --batch-size 32`.split(" ");

/** @type {readonly Experiment[]} */
export const experiments = [
  {
    name: "mnist-resnet20",
    title: "MNIST, ResNet-20",
    published: "none for this network; the goal was 99.6 %",
    note: "One cycle up to a rate of 0.2, images shifted by up to 4 pixels, 2 % label smoothing; the weights of the last epochs are averaged.",
    command: train("mnist", [
      "--shortcut",
      "A",
      "--augment",
      "--epochs",
      "12",
      "--batch-size",
      "128",
      "--lr",
      "0.2",
      "--label-smoothing",
      "0.02",
      "--validation",
      "0",
      "--ema",
      "0.998",
    ]),
    short: shortTraining,
    tiny: tinyTraining,
  },
  {
    name: "degradation",
    title: "Degradation on CIFAR-10: depth 20 and 56, with and without shortcuts",
    published:
      "Li et al. 2018, test error: ResNet-20 7.37 %, without shortcuts 8.18 %; ResNet-56 5.89 %, without shortcuts 13.31 %",
    note: "All four get the same 3 epochs of 20,000 images without augmentation, a budget far below the paper's 164 epochs of 50,000. It shows what depth does to the plain network, but is too short for ResNet-56 to overtake ResNet-20 as it does in the papers.",
    command: [
      "compare",
      "--data",
      "cifar10",
      "--depth",
      "20,56",
      "--shortcut",
      "plain,A",
      "--limit",
      "20000",
      "--test-limit",
      "10000",
      "--epochs",
      "3",
      "--batch-size",
      "64",
      "--lr",
      "0.1",
    ],
    short: shortComparison,
    tiny: tinyComparison("8,14"),
  },
  {
    name: "cifar10-resnet20-a",
    title: "CIFAR-10, ResNet-20, option A",
    published: "He et al. 2015: 91.25 % (error 8.75 %) after 64,000 steps of 128, 164 epochs",
    note: "One cycle up to 0.1 in steps of 128 images, weight decay 5e-4, random crops and mirroring: one long descent needs far fewer epochs than the paper's three plateaus. The peak of the cycle matters: 30 epochs with a peak of 0.4 gave 89.78 %, because half of them ran at a rate at which so small a network stops learning (74 % training accuracy from the 6th to the 11th epoch). A moving average of the weights (--ema 0.999) cost another 1.25 points there, because it lags behind the descent. The time covers options A and B running in parallel, one thread each, with pauses.",
    command: trainOnCifar("A"),
    short: shortTraining,
    tiny: tinyTraining,
  },
  {
    name: "shortcut-types",
    title: "Options A, B and C, five seeds",
    published: "He et al. 2015, ImageNet, ResNet-34, top-1 error: plain 28.54 %, A 25.03 %, B 24.52 %, C 24.19 %",
    note: "CIFAR-10, ResNet-20, 4 epochs of 10,000 images each; runs with the same seed form a pair.",
    command: [
      "compare",
      "--data",
      "cifar10",
      "--depth",
      "20",
      "--shortcut",
      "A,B,C",
      "--seeds",
      "5",
      "--limit",
      "10000",
      "--test-limit",
      "10000",
      "--epochs",
      "4",
      "--batch-size",
      "64",
      "--lr",
      "0.1",
    ],
    short: shortComparison,
    tiny: tinyComparison("8", 2),
  },
  {
    name: "identity-mappings",
    title: "What may stand on the shortcut",
    published:
      "He et al. 2016, ResNet-110, CIFAR-10, test error: original 6.61 %, shortcut-only gate (b = −6) 6.91 %, exclusive gate (b = −6) 8.70 %, 1×1 convolution 12.22 %, scale 0.5 with F scaled 12.35 %; scale 0 and dropout 0.5 fail",
    note: "Depth 32 instead of 110, and 4 epochs of 10,000 images instead of 164 of 50,000: compare the order, not the figures.",
    command: [
      "compare",
      "--data",
      "cifar10",
      "--config",
      "scripts/identity-mappings.config.mjs",
      "--limit",
      "10000",
      "--test-limit",
      "10000",
      "--epochs",
      "4",
      "--batch-size",
      "64",
      "--lr",
      "0.1",
    ],
    short: shortComparison,
    tiny: tinyComparison("8"),
  },
  {
    name: "fashion-mnist-resnet20",
    title: "Fashion-MNIST, ResNet-20",
    published: "none for this network; the goal was 93.5 %",
    note: "One cycle up to 0.1, images shifted by up to 4 pixels but not mirrored. 6 epochs with a peak of 0.2 gave 93.01 %.",
    command: train(
      "fashion-mnist",
      "--shortcut A --augment --epochs 20 --batch-size 128 --lr 0.1 --validation 0".split(" "),
    ),
    short: shortTraining,
    tiny: tinyTraining,
  },
  {
    name: "cifar10-resnet20-b",
    title: "CIFAR-10, ResNet-20, option B",
    published: "91.25 % in the paper with option A; B has 1 % more parameters",
    note: "Trained like option A.",
    command: trainOnCifar("B"),
    short: shortTraining,
    tiny: tinyTraining,
  },
];
