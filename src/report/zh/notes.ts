import type { Templates } from "./templates.ts";

/** What the library notes while it works, and its tables of options and data sets. */
export const noteTexts: Templates = {
  // Training
  "{} images to train on are too few for batches of {}: the batch is {}":
    "用于训练的图像只有 {1} 幅，不足以构成大小为 {2} 的批：批大小改为 {3}",
  "{} ranks × {} = {} images a step": "{1} 个 rank × {2} = 每步 {3} 幅图像",
  "{} ranks × {} batches × {} = {} images a step": "{1} 个 rank × {2} 批 × {3} = 每步 {4} 幅图像",
  "a batch norm sees {} of them at a time": "批归一化每次看到其中 {1} 幅",
  "the warm-up takes {} steps, the training {}: its learning rate stays below the highest":
    "预热需要 {1} 步，而训练只有 {2} 步：学习率达不到最高值",
  "average {} is not reached in {} steps: it grows to {}": "{2} 步内达不到滑动平均系数 {1}：只增长到 {3}",
  "training with the portable lowering: {}": "用 portable lowering 训练：{1?}",
  "{} does not say which images it was trained on": "{1} 没有说明训练所用的图像",
  'whether "{}" has the same is not checked': "无法核对 “{1}” 是否仍为同样的图像",
  "step {}: gradients overflowed in float16": "第 {1} 步：梯度在 float16 中溢出",
  "the update was skipped and the loss scale halved": "已跳过这次更新，并将损失缩放系数减半",
  "{} was made with {}, this is {}: the last bits may differ": "{1} 由 {2} 生成，当前为 {3}：末几位可能不同",
  "{} of {} epochs are done, {} were planned": "{2} 个轮次已完成 {1} 个，原计划 {3} 个",
  "{} of {} rests on 1 image": "{2?}的 {1?} 只依据 1 幅图像",
  "{} of {}, {}, rests on {} images: its 95 % interval is {} to {}":
    "{2?}的{1?}为 {3}，只依据 {4} 幅图像：其 95 % 置信区间为 {5} 至 {6}",
  "{} of {}, {}, rests on 1 image: its 95 % interval is {} to {}":
    "{2?}的{1?}为 {3}，只依据 1 幅图像：其 95 % 置信区间为 {4} 至 {5}",
  "{} of {} rests on {} images": "{2?}的{1?}只依据 {3} 幅图像",
  "of the data's {} classes the network has {}": "数据有 {1} 个类别，其中网络有 {2} 个",
  "the data's classes have other names than the network's": "数据的类别名与网络的不同",
  "they are taken in its order": "按顺序与网络的类别对应",
  "images of the others are left out": "其余类别的图像不用",
  "{} of {} counts {} of {} as wrong: the network gives them scores that are not finite numbers":
    "{2?}的{1?}将 {4} 幅中的 {3} 幅计为错误：网络对它们给出的分数不是有限的数",
  "{} of {} says nothing: {}": "{2?}的{1?}不说明任何问题：{3?}",
  "there is nothing to measure": "没有可测量的内容",
  "the network gives scores that are not finite numbers": "网络给出的分数不是有限的数",
  "no checkpoint was written: {}": "未能写检查点：{1?}",
  "the training goes on": "训练继续",
  "the result cannot be written: {}": "无法写结果：{1?}",
  "trying again for ten minutes": "十分钟内不断重试",
  accuracy: "准确率",
  "mean AP": "平均 AP",
  "mean IoU": "平均 IoU",
  "plates found": "检出率",
  "whole plates right": "整牌识别率",
  "the test images": "测试图像",
  "the test part": "测试集",
  "the validation part": "验证集",
  "these images": "这些图像",
  "does not say how images were normalised": "未说明图像如何归一化",
  "pixels are given from 0 to 255": "像素按 0 到 255 给出",
  "pixels are given from 0 to 1": "像素按 0 到 1 给出",
  "pixels are normalised by ImageNet's mean and deviation": "像素按 ImageNet 的均值和标准差归一化",
  "the network was trained on {}": "网络是用 {1} 训练的",
  "taken are the images that a training on this folder keeps": "所取的是用该文件夹训练时会留出的图像",
  "leaves the size of images open": "未定图像的尺寸",
  "{} is taken": "取 {1}",
  "{} changes that": "可用 {1} 更改",
  "measured earlier: {}": "先前已测量：{1}",

  // Inspection
  "{}, shortcut {}, {} layout, {} input channels, {} classes":
    "{1}，快捷连接 {2}，{3} 布局，{4} 个输入通道，{5} 个类别",
  "{}, shortcut {}, {} layout, 1 input channel, {} classes": "{1}，快捷连接 {2}，{3} 布局，1 个输入通道，{4} 个类别",
  "{}, shortcut {}, {} layout, {} input channels, no classifier":
    "{1}，快捷连接 {2}，{3} 布局，{4} 个输入通道，无分类器",
  "{}, shortcut {}, {} layout, 1 input channel, no classifier": "{1}，快捷连接 {2}，{3} 布局，1 个输入通道，无分类器",

  // Data sets
  "{} images of {}, grey, {} classes": "{1} 幅 {2} 灰度图像，{3} 个类别",
  "{} images of {}, colour, {} classes": "{1} 幅 {2} 彩色图像，{3} 个类别",
  "{}; usually quoted as CC BY-SA 3.0": "{1}；通常注明为 CC BY-SA 3.0",
  "no licence stated; cite {}": "未注明许可；请引用 {1}",

  // Options of networks
  "true or false": "true 或 false",
  "one of {}": "其中之一：{1}",
  "a whole number above 0": "大于 0 的整数",
  "a number of at least {}": "不小于 {1} 的数",
  "a number in [{})": "[{1}) 中的数",
  "S in y = act(F(x) + S(x))": "y = act(F(x) + S(x)) 中的 S",
  "channels of the input": "输入的通道数",
  "classes to distinguish": "要区分的类别数",
};
