import type { Words } from "../../report/words.ts";

/** A question of the lesson's end. */
export interface LessonQuestion {
  readonly ask: Words;
  readonly choices: readonly Words[];
  /** The place of the right choice. */
  readonly right: number;
  readonly answer: Words;
}

/** Input and output of the block that a question asks about, `[channels, H, W]`. */
export const askedBlock = {
  inputShape: [16, 14, 14],
  outputShape: [32, 7, 7],
  zeroChannels: 16,
  projectionWeights: 512,
} as const;

/** What a reader of the lesson can say. */
export const lessonQuestions: readonly LessonQuestion[] = [
  {
    ask: {
      en: "Somebody asks: “What does shortcut type mean in a residual network?” You say:",
      zh: "有人问：“残差网络里的 shortcut type 是什么意思？”你会说：",
    },
    choices: [
      { en: "how many layers a block skips", zh: "一个块跳过多少层" },
      { en: "what the wire around a block carries to the sum", zh: "绕过块的那根线，把什么送到加号那里" },
      { en: "how fast the network trains", zh: "网络训练得有多快" },
    ],
    right: 1,
    answer: {
      en: "In y = act(F(x) + S(x)) it says what S is: x itself, x with zeros, or a 1×1 convolution of x.",
      zh: "在 y = act(F(x) + S(x)) 里，它规定 S 是什么：x 本身、补零的 x，或 x 的 1×1 卷积。",
    },
  },
  {
    ask: {
      en: "x is 16×14×14, F(x) is 32×7×7. With option A, which shape does S(x) have, and how many of its channels are zeros?",
      zh: "x 是 16×14×14，F(x) 是 32×7×7。用选项 A，S(x) 是什么形状？其中有几个通道是零？",
    },
    choices: [
      { en: "16×14×14, none", zh: "16×14×14，没有零通道" },
      { en: "32×14×14, sixteen", zh: "32×14×14，十六个" },
      { en: "32×7×7, sixteen", zh: "32×7×7，十六个" },
    ],
    right: 2,
    answer: {
      en: "Only equal shapes can be added, so S(x) is 32×7×7: the 16 channels of x at every other pixel, and 16 of zeros.",
      zh: "形状相同才能相加，所以 S(x) 是 32×7×7：x 的 16 个通道隔点取样，另外 16 个通道全是零。",
    },
  },
  {
    ask: {
      en: "The same block with option B. How many weights does its 1×1 convolution have?",
      zh: "同一个块，改用选项 B。它的 1×1 卷积有多少个权重？",
    },
    choices: ["16 × 32 = 512", "16 × 32 × 9 = 4608", { en: "none", zh: "一个也没有" }],
    right: 0,
    answer: {
      en: "One weight for each pair of an input and an output channel; a 3×3 convolution would have nine times as many.",
      zh: "每一对输入、输出通道一个权重；若是 3×3 卷积，就要九倍。",
    },
  },
  {
    ask: {
      en: "Why does the plain network fail at 56 layers, but not at 20?",
      zh: "为什么普通网络在 56 层失败，在 20 层却没事？",
    },
    choices: [
      { en: "it has too few parameters", zh: "参数太少" },
      { en: "it overfits", zh: "过拟合了" },
      { en: "signal and gradient pass through one product per layer", zh: "信号和梯度每过一层都要乘一次" },
    ],
    right: 2,
    answer: {
      en: "It has as many parameters as the residual one with option A, and fails on the very images that it trains on. What breaks is the long product.",
      zh: "它的参数和选项 A 的残差网络一样多，而且连训练用的图都学不会。断掉的，是那条长长的连乘。",
    },
  },
];
