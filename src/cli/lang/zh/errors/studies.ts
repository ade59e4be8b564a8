import type { Templates } from "../../templates.ts";

/** Errors of studies: compare, lesion, landscape, gradient flow, reports. */
export const studyErrors: Templates = {
  'must be INDEX/COUNT, from 0/20 to 19/20 for 20 parts, got "{}"':
    "必须是 INDEX/COUNT，20 份时从 0/20 到 19/20，实际为 “{1}”",
  "must be from 0/{} to {}/{}, got {}/{}": "必须从 0/{1} 到 {2}/{3}，实际为 {4}/{5}",
  "divides {} network(s) into {} parts": "把 {1} 个网络分为 {2} 份",
  "give at most {}": "最多给出 {1}",
  "needs the run store, in which the parts come together": "需要运行存储，各份在其中合并",
  "leave --no-store out": "请去掉 --no-store",
  "cannot be combined with {}: each part would leave out other networks": "不能与 {1} 同用：每一份会略去不同的网络",
  "its default export {}": "其默认导出{1?}",
  "could not be run: {}": "无法运行：{1}",
  "has no weight to train": "没有可训练的权重",
  "must be a share of the test images above 0 and at most 1, such as 0.9, got {}":
    "必须是测试图像中大于 0、不超过 1 的比例，如 0.9，实际为 {1}",
  'must be an accuracy above 0 and at most 1, such as 0.9 or 90%, got "{}"':
    "必须是大于 0、不超过 1 的准确率，如 0.9 或 90%，实际为 “{1}”",
  "that comes to {} networks": "共有 {1} 个网络",
  "at most {} are planned at once": "一次最多计划 {1} 个",
  'must be basic, preactivation, or a name with * for the depth such as wrn-*-2, got "{}"':
    "必须是 basic、preactivation，或以 * 代替深度的名称，如 wrn-*-2，实际为 “{1}”",
  'cannot vary "shortcut"': "不能变动 “shortcut”",
  "list the types in {}": "请在 {1} 中列出各类型",
  '"{}" and "{}" are the same {}, trained identically': "“{1}” 与 “{2}” 是同一个 {3}，训练也相同",
  "vary an option that affects this shortcut type": "请变动对此快捷连接类型有影响的选项",
  "has no layer with weights, so there is no gradient to follow": "没有带权重的层，因此没有可追踪的梯度",
  'does not fit the network given, whose "{}" is {}': "与给出的网络不符，其 “{1}” 为 {2}",
  "give the checkpoint of the same run": "请给出同一次训练的检查点",
  "takes a different shape than its new place provides": "要求的形状与新位置提供的不同",
  "must stay: its successor needs its output shape": "必须保留：其后一层需要它的输出形状",
  "has no residual blocks, and no block that keeps its shape: there is nothing to remove":
    "没有残差块，也没有保持形状的块：没有可移除的",
  'there is no block "{}"': "没有块 “{1}”",
  '"{}" has no shortcut and changes the shape': "“{1}” 没有快捷连接且改变形状",
  "it must stay": "必须保留",
  '"{}" and "{}" do not have equal shapes in one stage': "“{1}” 与 “{2}” 不是同一阶段中形状相同的块",
  '"{}" changes the shape': "“{1}” 改变形状",
  "only blocks that keep it can be repeated": "只有保持形状的块可以重复",
  "has {} layers and blocks": "有 {1} 个层和块",
  "at most {} are drawn": "最多绘出 {1} 个",
  "the network has no feature maps with more than one place": "网络没有多于一个位置的特征图",
  "the scores do not depend on the last feature maps": "得分不依赖于最后的特征图",
  "takes inputs of {} axes, must take images [C,H,W]": "输入有 {1} 个轴，必须是图像 [C,H,W]",
  "is required: {} does not record its training data": "必须给出：{1} 没有记录训练数据",
  "has {} classes, the network has {}": "有 {1} 个类别，网络有 {2} 个",
  "is recorded already": "已有记录",
  "has more than one element": "有多于一个元素",
};
