/** @typedef {{ readonly en: string, readonly zh: string }} Words */
/** @typedef {{ readonly name: string, readonly title: Words, readonly args: readonly string[] }} Part of a recipe, left out or added by these arguments */
/**
 * The experiments of docs/results.md, most important first. Anybody can type their commands; `tiny` is the version that
 * continuous integration runs, on MNIST, which comes with the development packages; `short` is a version of minutes.
 *
 * @typedef {object} Experiment
 * @property {string} name
 * @property {Words} title
 * @property {Words} published what the literature says, with its source
 * @property {Words} note what a reader must know to judge it
 * @property {Readonly<Record<string, string>>} [namesZh] Chinese names of the networks, where they are not the types' own
 * @property {readonly string[]} command
 * @property {Words} [folder] what the folder of images holds that the command's `--data` stands for, where no command fetches it
 * @property {string} [views] views of each test image by whose mean the networks are judged as well
 * @property {number} [seeds] how many trainings there are, with seeds from 0 on; one as the command says it if left out
 * @property {readonly Part[]} [parts] instead of seeds: what each training leaves out of a recipe or adds to it, first nothing
 * @property {"without" | "with"} [parting] whether parts are left out (if left out itself) or added
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
const trainFast = (/** @type {string} */ data) => ["train", "--preset", "fast", "--data", data, "--threads", "1"];
/** @param {string} name @param {Words} title @param {string} args @returns {Part} */
const part = (name, title, args) => ({ name, title, args: args.split(" ").filter((arg) => arg !== "") });
const shortTraining = ["--limit", "6400", "--epochs", "1"];
const tinyTraining = ["--data", "mnist", "--model", "resnet8", "--limit", "160", "--epochs", "1", "--batch-size", "32"];
const shortComparison = ["--limit", "3200", "--test-limit", "1000", "--epochs", "1", "--seeds", "2"];
const tinyComparison = (/** @type {string} */ depth, seeds = 1) =>
  `--data mnist --depth ${depth} --seeds ${seeds} --limit 96 --test-limit 100 --epochs 1 --batch-size 32`.split(" ");

/** @type {readonly Experiment[]} */
export const experiments = [
  {
    name: "mnist-resnet20",
    title: { en: "MNIST, ResNet-20", zh: "MNIST，ResNet-20" },
    published: { en: "none for this network; the goal was 99.6 %", zh: "没有这个网络的公开结果；目标是 99.6 %" },
    note: {
      en: "One cycle up to a rate of 0.2, images shifted by up to 4 pixels, 2 % label smoothing; the weights of the last epochs are averaged.",
      zh: "学习率采用单周期策略（one cycle），峰值 0.2；图像平移最多 4 个像素，标签平滑 2 %；对最后几个轮次的权重取平均。",
    },
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
    name: "mnist-fast",
    title: { en: "MNIST, preset fast, five seeds", zh: "MNIST，预设 fast，五个种子" },
    published: {
      en: "none for this network; the goal was 99.6 % within 6 minutes of one core",
      zh: "没有这个网络的公开结果；目标是单核 6 分钟之内达到 99.6 %",
    },
    note: {
      en: "Chosen on 10,000 of the training images; the test images were looked at once per seed. Why it is fast: [Training with less](speed.md).",
      zh: "配方是在 10,000 张训练图像上选定的；每个种子只看一次测试图像。为什么快：[用更少的计算训练](speed.zh-CN.md)。",
    },
    command: trainFast("mnist"),
    seeds: 5,
    short: shortTraining,
    tiny: tinyTraining,
  },
  {
    name: "fashion-mnist-fast",
    title: { en: "Fashion-MNIST, preset fast, three seeds", zh: "Fashion-MNIST，预设 fast，三个种子" },
    published: {
      en: "none for this network; the goal was 94 % within 30 minutes of one core",
      zh: "没有这个网络的公开结果；目标是单核 30 分钟之内达到 94 %",
    },
    note: {
      en: "Chosen on 10,000 of the training images, by a training of 15 epochs on the others, which was tested as well (93.89 %); 18 are what 30 minutes hold. Why it is fast: [Training with less](speed.md).",
      zh: "配方是在 10,000 张训练图像上选定的：用其余图像训练 15 个轮次，那次训练也做了测试（93.89 %）；30 分钟可训练 18 个轮次。为什么快：[用更少的计算训练](speed.zh-CN.md)。",
    },
    command: trainFast("fashion-mnist"),
    seeds: 3,
    short: shortTraining,
    tiny: tinyTraining,
  },
  {
    name: "cells",
    title: {
      en: "Cells, preset cells: nuclei of the Data Science Bowl 2018",
      zh: "细胞，预设 cells：2018 年数据科学碗的细胞核",
    },
    published: {
      en: "none for this network and part; the goal was F1 0.88 and a mean AP of 0.60 within 60 minutes of one core",
      zh: "没有这个网络和这一部分的公开结果；目标是单核 60 分钟之内 F1 达到 0.88、平均 AP 达到 0.60",
    },
    folder: {
      en: "BBBC038's stage 1, the training images with their masks",
      zh: "BBBC038 第一阶段（stage 1）的训练图像及其掩膜",
    },
    note: {
      en: "15 % of the images are held back for the test, 4 % of the others choose the epoch: [Cells](segmentation.md).",
      zh: "15 % 的图像留作测试，其余的 4 % 用来选择轮次：[细胞](segmentation.zh-CN.md)。",
    },
    command: ["train", "--preset", "cells", "--data", "nuclei/", "--threads", "1"],
    short: ["--epochs", "1"],
    tiny: ["--epochs", "1", "--batch-size", "4", "--crop", "64"],
  },
  {
    name: "cifar10-fast",
    title: { en: "CIFAR-10, preset fast, three seeds", zh: "CIFAR-10，预设 fast，三个种子" },
    published: {
      en: "Jordan 2024, the network without shortcuts, 9.9 epochs of SGD: 94.01 % with six views of each test image",
      zh: "Jordan 2024，无快捷连接的网络，SGD 训练 9.9 个轮次：每张测试图像取六个视图时 94.01 %",
    },
    note: {
      en: "The goal is 94 % of plain images within 90 minutes of one core. Chosen on 5,000 of the training images. Why it is fast: [Training with less](speed.md).",
      zh: "目标是单核 90 分钟之内，不用多视图达到 94 %。配方是在 5,000 张训练图像上选定的。为什么快：[用更少的计算训练](speed.zh-CN.md)。",
    },
    command: trainFast("cifar10"),
    seeds: 3,
    views: "mirror-shift",
    short: shortTraining,
    tiny: tinyTraining,
  },
  {
    name: "cifar10-fast-parts",
    title: { en: "CIFAR-10, preset fast, each part left out", zh: "CIFAR-10，预设 fast，逐项去掉" },
    published: {
      en: "none for this network; Jordan 2024 has ablations of its own recipe",
      zh: "没有这个网络的公开结果；Jordan 2024 对自己的配方做过消融",
    },
    note: {
      en: "3 of the preset's 13 epochs, on 45,000 of the training images, judged by the other 5,000; seed 0 alone, so that half a point is within the noise of a training.",
      zh: "预设 13 个轮次中的 3 个，用 45,000 张训练图像训练，用其余 5,000 张评估；只有种子 0，因此半个百分点之内属于单次训练的噪声。",
    },
    command: [...trainFast("cifar10"), "--epochs", "3", "--validation", "0.1"],
    parts: [
      part("none", { en: "nothing", zh: "无" }, ""),
      part("shortcut", { en: "the shortcut", zh: "快捷连接" }, "--shortcut plain"),
      part("whitening", { en: "whitening", zh: "白化" }, "--no-whiten"),
      part(
        "dirac",
        { en: "convolutions that start as the identity", zh: "卷积从恒等映射开始" },
        "--option diracInit=false",
      ),
      part("mirror", { en: "mirroring", zh: "镜像" }, "--no-alternate-flip"),
      part("border", { en: "mirrored borders", zh: "边缘镜像填充" }, "--no-reflect-border"),
      part("bias", { en: "the rate of biases, 64 times the others'", zh: "偏置 64 倍的学习率" }, "--bias-lr 1"),
      part("smoothing", { en: "label smoothing", zh: "标签平滑" }, "--label-smoothing 0"),
      part("unit", { en: "equal norms of convolutions' weights", zh: "卷积权重的范数相等" }, "--no-unit-filters"),
      part(
        "muon",
        { en: "Muon (SGD instead, momentum 0.9, rate 0.4)", zh: "Muon（改用 SGD，动量 0.9，学习率 0.4）" },
        "--optimizer sgd --lr 0.4",
      ),
      part("gelu", { en: "GELU (ReLU instead)", zh: "GELU（改用 ReLU）" }, "--option activation=relu"),
    ],
    short: shortTraining,
    tiny: tinyTraining,
  },
  {
    name: "cifar10-fast-additions",
    title: { en: "CIFAR-10, preset fast, what it leaves out added", zh: "CIFAR-10，预设 fast，逐项加上它没有的选项" },
    published: {
      en: "none for this network; each option's source is in [Training with less](speed.md)",
      zh: "没有这个网络的公开结果；各选项的出处见[用更少的计算训练](speed.zh-CN.md)",
    },
    note: {
      en: "Half the preset's channels and 3 of its 13 epochs, on 40,000 of the training images, judged by the other 10,000; seed 0 alone, so that a third of a point is within the noise of those images. What saves time has to be weighed against the minutes.",
      zh: "通道数为预设的一半，13 个轮次中的 3 个，用 40,000 张训练图像训练，用其余 10,000 张评估；只有种子 0，因此三分之一个百分点之内属于这些图像的噪声。省时间的选项要与所用的分钟数一起看。",
    },
    command: [...trainFast("cifar10"), ..."--option width=0.5 --epochs 3 --validation 0.2".split(" ")],
    parting: "with",
    parts: [
      part("none", { en: "nothing", zh: "无" }, ""),
      part("freeze", { en: "FreezeOut", zh: "FreezeOut" }, "--freeze-out"),
      part("resize", { en: "progressive resizing", zh: "渐进缩放" }, "--progressive-resize"),
      part("lookahead", { en: "Lookahead", zh: "Lookahead" }, "--lookahead"),
      part("ema", { en: "a moving average of the weights, 0.99", zh: "权重的滑动平均，0.99" }, "--ema 0.99"),
      part("decoupled", { en: "decoupled weight decay", zh: "解耦的权重衰减" }, "--decoupled-decay"),
      part(
        "zero",
        { en: "blocks that start as their shortcut alone", zh: "残差块从快捷连接开始" },
        "--option zeroInitResidual=true",
      ),
    ],
    short: shortTraining,
    tiny: tinyTraining,
  },
  {
    name: "cifar10-resnet20-fast",
    title: {
      en: "CIFAR-10, ResNet-20 by the recipe of preset fast, three seeds",
      zh: "CIFAR-10，ResNet-20，用预设 fast 的配方，三个种子",
    },
    published: {
      en: "He et al. 2015: 91.25 % (error 8.75 %) after 64,000 steps of 128, 164 epochs",
      zh: "He 等人 2015：91.25 %（错误率 8.75 %），64,000 步，每步 128 张，共 164 个轮次",
    },
    note: {
      en: "The goal is the paper's 91.25 % within 60 minutes of one core. Rate, batch and the biases' rate were tried in trainings of 3 epochs on 40,000 of the training images, judged by the other 10,000, none of which was far off; the test images were looked at once per seed. Why it is fast: [Training with less](speed.md).",
      zh: "目标是单核 60 分钟之内达到论文的 91.25 %。学习率、批大小和偏置的学习率用 40,000 张训练图像训练 3 个轮次、由其余 10,000 张评估来试过，都相差不远；每个种子只看一次测试图像。为什么快：[用更少的计算训练](speed.zh-CN.md)。",
    },
    command: [
      ...trainFast("cifar10"),
      ..."--model resnet20 --shortcut A --no-whiten --bias-lr 1 --batch-size 128 --lr 0.02 --momentum 0.9".split(" "),
      ..."--label-smoothing 0.05 --schedule cosine --epochs 23".split(" "),
    ],
    seeds: 3,
    short: shortTraining,
    tiny: tinyTraining,
  },
  {
    name: "degradation",
    title: {
      en: "Degradation on CIFAR-10: depth 20 and 56, with and without shortcuts",
      zh: "CIFAR-10 上的退化问题：深度 20 与 56，有无快捷连接",
    },
    published: {
      en: "Li et al. 2018, test error: ResNet-20 7.37 %, without shortcuts 8.18 %; ResNet-56 5.89 %, without shortcuts 13.31 %",
      zh: "Li 等人 2018，测试错误率：ResNet-20 为 7.37 %，无快捷连接为 8.18 %；ResNet-56 为 5.89 %，无快捷连接为 13.31 %",
    },
    note: {
      en: "All four get the same 3 epochs of 20,000 images without augmentation, a budget far below the paper's 164 epochs of 50,000. It shows what depth does to the plain network, but is too short for ResNet-56 to overtake ResNet-20 as it does in the papers.",
      zh: "四者都训练 3 个轮次，每轮 20,000 张图像，不做数据增强，远少于论文的 164 个轮次、每轮 50,000 张。实验展示了深度对普通网络的影响；但训练太短，ResNet-56 还来不及像论文中那样超过 ResNet-20。",
    },
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
    title: { en: "CIFAR-10, ResNet-20, option A", zh: "CIFAR-10，ResNet-20，选项 A" },
    published: {
      en: "He et al. 2015: 91.25 % (error 8.75 %) after 64,000 steps of 128, 164 epochs",
      zh: "He 等人 2015：91.25 %（错误率 8.75 %），64,000 步，每步 128 张，共 164 个轮次",
    },
    note: {
      en: "One cycle up to 0.1 in steps of 128 images, weight decay 5e-4, random crops and mirroring: one long descent needs far fewer epochs than the paper's three plateaus. The peak of the cycle matters: 30 epochs with a peak of 0.4 gave 89.78 %, because half of them ran at a rate at which so small a network stops learning (74 % training accuracy from the 6th to the 11th epoch). A moving average of the weights (--ema 0.999) cost another 1.25 points there, because it lags behind the descent. The time covers options A and B running in parallel, one thread each, with pauses.",
      zh: "单周期学习率，峰值 0.1，每步 128 张图像，权重衰减 5e-4，随机裁剪和镜像：一次漫长的下降所需的轮次，远少于论文中的三级阶梯。峰值的高低很重要：峰值 0.4、训练 30 个轮次只得到 89.78 %，因为有一半轮次的学习率过高，这么小的网络学不到更多东西（第 6 到第 11 个轮次，训练准确率一直是 74 %）。当时若再使用权重的滑动平均（--ema 0.999），还会损失 1.25 个百分点，因为它跟不上下降过程。耗时是选项 A 和 B 并行训练（各占一个线程）的时间，含暂停。",
    },
    command: trainOnCifar("A"),
    short: shortTraining,
    tiny: tinyTraining,
  },
  {
    name: "shortcut-types",
    title: { en: "Options A, B and C, five seeds", zh: "选项 A、B 和 C，五个种子" },
    published: {
      en: "He et al. 2015, ImageNet, ResNet-34, top-1 error: plain 28.54 %, A 25.03 %, B 24.52 %, C 24.19 %",
      zh: "He 等人 2015，ImageNet，ResNet-34，top-1 错误率：plain 28.54 %，A 25.03 %，B 24.52 %，C 24.19 %",
    },
    note: {
      en: "CIFAR-10, ResNet-20, 4 epochs of 10,000 images each; runs with the same seed form a pair.",
      zh: "CIFAR-10，ResNet-20，4 个轮次，每轮 10,000 张图像；种子相同的运行配成一对。",
    },
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
    title: { en: "What may stand on the shortcut", zh: "快捷连接上可以放什么" },
    published: {
      en: "He et al. 2016, ResNet-110, CIFAR-10, test error: original 6.61 %, shortcut-only gate (b = −6) 6.91 %, exclusive gate (b = −6) 8.70 %, 1×1 convolution 12.22 %, scale 0.5 with F scaled 12.35 %; scale 0 and dropout 0.5 fail",
      zh: "He 等人 2016，ResNet-110，CIFAR-10，测试错误率：原版 6.61 %，仅快捷连接的门控（b = −6）6.91 %，互斥门控（b = −6）8.70 %，1×1 卷积 12.22 %，缩放 0.5 且 F 也缩放 12.35 %；缩放 0 和 dropout 0.5 训练失败",
    },
    note: {
      en: "Depth 32 instead of 110, and 4 epochs of 10,000 images instead of 164 of 50,000: compare the order, not the figures.",
      zh: "深度 32 而不是 110，4 个轮次、每轮 10,000 张图像，而不是 164 个轮次、每轮 50,000 张：应比较的是顺序，而不是数值。",
    },
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
    namesZh: {
      original: "原版",
      "shortcut-only gate, b=-6": "仅快捷连接的门控，b=-6",
      "exclusive gate, b=-6": "互斥门控，b=-6",
      "scale 0.5, F×0.5": "缩放 0.5，F×0.5",
      "1×1 convolution": "1×1 卷积",
      "scale 0": "缩放 0",
    },
    short: shortComparison,
    tiny: tinyComparison("8"),
  },
  {
    name: "factors-on-f",
    title: { en: "A learnable factor on F, three seeds", zh: "F 前可学习的系数，三个种子" },
    published: {
      en: "none for this network and budget; Bachlechner et al. 2020 report that ResNets with ReZero converge faster on CIFAR-10, Touvron et al. 2021 propose LayerScale for vision transformers",
      zh: "没有这个网络和训练量的公开结果；Bachlechner 等人 2020 报告带 ReZero 的 ResNet 在 CIFAR-10 上收敛更快，Touvron 等人 2021 为视觉 Transformer 提出 LayerScale",
    },
    note: {
      en: "The networks of the study above with a factor on F, but ResNet-20, and 4 epochs of 5,000 images each: a budget that shows how training begins, not where it ends. ReZero has one factor per block, which starts at 0; LayerScale one per channel, which starts at 0.1, as CaiT's does for up to 18 blocks. Batch norm stays in all of them. Runs with the same seed form a pair.",
      zh: "上一项研究的网络在 F 前加上系数，但用 ResNet-20，4 个轮次、每轮 5,000 张图像：这样的训练量只能看出训练如何开始，看不出最终结果。ReZero 每个块一个系数，从 0 开始；LayerScale 每个通道一个，从 0.1 开始，与 CaiT 在 18 个块以内的取值相同。三者都保留批归一化。种子相同的运行配成一对。",
    },
    command: [
      "compare",
      "--data",
      "cifar10",
      "--config",
      "scripts/factors-on-f.config.mjs",
      "--seeds",
      "3",
      "--limit",
      "5000",
      "--test-limit",
      "10000",
      "--epochs",
      "4",
      "--batch-size",
      "64",
      "--lr",
      "0.1",
    ],
    namesZh: { original: "原版", "LayerScale, from 0.1": "LayerScale，从 0.1 开始" },
    short: shortComparison,
    tiny: tinyComparison("8"),
  },
  {
    name: "fashion-mnist-resnet20",
    title: { en: "Fashion-MNIST, ResNet-20", zh: "Fashion-MNIST，ResNet-20" },
    published: { en: "none for this network; the goal was 93.5 %", zh: "没有这个网络的公开结果；目标是 93.5 %" },
    note: {
      en: "One cycle up to 0.1, images shifted by up to 4 pixels but not mirrored. 6 epochs with a peak of 0.2 gave 93.01 %.",
      zh: "单周期学习率，峰值 0.1；图像平移最多 4 个像素，不做镜像。峰值 0.2、训练 6 个轮次得到 93.01 %。",
    },
    command: train(
      "fashion-mnist",
      "--shortcut A --augment --epochs 20 --batch-size 128 --lr 0.1 --validation 0".split(" "),
    ),
    short: shortTraining,
    tiny: tinyTraining,
  },
  {
    name: "cifar10-resnet20-b",
    title: { en: "CIFAR-10, ResNet-20, option B", zh: "CIFAR-10，ResNet-20，选项 B" },
    published: {
      en: "91.25 % in the paper with option A; B has 1 % more parameters",
      zh: "论文中选项 A 为 91.25 %；B 的参数多 1 %",
    },
    note: { en: "Trained like option A.", zh: "训练方式与选项 A 相同。" },
    command: trainOnCifar("B"),
    short: shortTraining,
    tiny: tinyTraining,
  },
];
