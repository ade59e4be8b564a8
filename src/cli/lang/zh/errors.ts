import type { Templates } from "../templates.ts";

/**
 * Errors of the library and of commander, clause by clause: what is more special stands first. An error that is not here is
 * printed in English.
 */
export const errorTexts: Templates = {
  // Commander
  "unknown command '{}'": "未知命令 '{1}'",
  "unknown command '{}'\n(Did you mean {}?)": "未知命令 '{1}'（你是指 {2} 吗？）",
  "unknown option '{}'": "未知选项 '{1}'",
  "unknown option '{}'\n(Did you mean one of {}?)": "未知选项 '{1}'（你是指其中之一吗：{2}？）",
  "unknown option '{}'\n(Did you mean {}?)": "未知选项 '{1}'（你是指 {2} 吗？）",
  "missing required argument '{}'": "缺少必需的参数 '{1}'",
  "option '{}' argument missing": "选项 '{1}' 缺少值",
  "required option '{}' not specified": "缺少必需的选项 '{1}'",
  "option '{}' argument '{}' is invalid. {}": "选项 '{1}' 的值 '{2}' 无效：{3!}",
  "command-argument value '{}' is invalid for argument '{}'. {}": "值 '{1}' 不能用作参数 '{2}'：{3!}",
  "option '{}' cannot be used with option '{}'": "选项 '{1}' 不能与选项 '{2}' 同用",
  "too many arguments. Expected {} arguments but got {}.": "参数过多：应为 {1} 个，实际 {2} 个",
  "too many arguments. Expected {} argument but got {}.": "参数过多：应为 {1} 个，实际 {2} 个",
  "too many arguments for '{}'. Expected {} arguments but got {}.": "'{1}' 的参数过多：应为 {2} 个，实际 {3} 个",
  "too many arguments for '{}'. Expected {} argument but got {}.": "'{1}' 的参数过多：应为 {2} 个，实际 {3} 个",

  // Ready networks
  '"{}" is a kind of network and has no weights; give a trained file, or a ready network: {}':
    "“{1}” 是一类网络，没有权重；请给出训练好的文件，或现成网络：{2}",
  '"{}" is neither a file nor a ready network: {}; a file has an ending or a slash':
    "“{1}” 既不是文件也不是现成网络：{2?}；文件名含有扩展名或斜杠",
  "is required: a trained network's file, or a ready network: {}": "必须给出：训练好的网络文件，或现成网络：{1}",
  "is required: the package has no ready network for the task {}; train one and give it":
    "必须给出：软件包中没有用于任务 {1} 的现成网络；请训练一个并给出它",
  "is not the file that the index names: it has {}, must have {}; install residua anew":
    "不是索引所指的文件：实际为 {1}，应为 {2}；请重新安装 residua",
  "is not signed, so the ready networks cannot be checked with a key; leave it out":
    "没有签名，因此无法用密钥检查现成网络；请去掉该选项",
  '"{}" has {} files, for residua {}; give one of {}': "“{1}” 有 {2} 个文件，供 residua {3} 使用；请给出其中之一：{4}",
  '"{}" is no pair of networks for plates; give files as {} and {}':
    "“{1}” 不是一对用于车牌的网络；请用 {2} 和 {3} 给出文件",
  "is missing; name a network, or a task with {} for its ready network":
    "缺失；请给出网络，或用 {1} 给出任务以使用其现成网络",
  "has the parts {}, must have locator and reader": "含有 {1}，应为 locator 和 reader",
  "reads plates, must be a network that locates plates": "用于读取车牌，应为检出车牌的网络",
  "locates plates, must be a network that reads plates": "用于检出车牌，应为读取车牌的网络",
  "applies to a locator with a reader; this one locates plates": "只适用于检出与读取两个网络一起；此网络只检出车牌",
  "applies to a locator with a reader; this one reads plates": "只适用于检出与读取两个网络一起；此网络只读取车牌",
  "applies only with a locator as {}; {} has a reader": "只能与作为 {1} 的检出网络同用；{2} 已有读取网络",
  "cannot be combined with both {} and {}; leave one out": "不能与 {1} 和 {2} 同用；请去掉一个",
  "was trained to {} plates, must be one that can {} them": "训练的用途是 {1}，必须是用于 {2} 的网络",
  "would replace {} itself; give another folder": "会覆盖 {1} 本身；请另选文件夹",

  // Names and choices
  "did you mean {} or {}? residua models list shows all": "你是指 {1} 或 {2} 吗？residua models list 列出全部",
  "did you mean {} or {}? residua models options shows all": "你是指 {1} 或 {2} 吗？residua models options 列出全部",
  "did you mean {} or {}?": "你是指 {1} 或 {2} 吗？",
  "did you mean {}? residua models list shows all": "你是指 {1} 吗？residua models list 列出全部",
  "did you mean {}? residua models options shows all": "你是指 {1} 吗？residua models options 列出全部",
  "did you mean {}?": "你是指 {1} 吗？",
  "residua models list shows all": "residua models list 列出全部",
  "residua models options shows all": "residua models options 列出全部",
  'unknown model "{}"': "未知网络 “{1}”",
  'unknown type "{}"': "未知类型 “{1}”",
  'unknown value "{}"': "未知的值 “{1}”",
  'there is no file "{}", and {}': "没有文件 “{1}”，且{2!}",
  'knows no "{}", must be NAME=VALUE': "没有 “{1}”，必须写成 NAME=VALUE",
  'knows no "{}"': "没有 “{1}”",
  "must be one of {} and {} more": "必须是其中之一：{1}，另有 {2} 个",
  "must be one of {}": "必须是其中之一：{1}",

  // Numbers and shapes
  'must be a whole number of at least {}, got "{}"': "必须是不小于 {1} 的整数，实际为 “{2}”",
  'must be a whole number from {} to {}, got "{}"': "必须是 {1} 到 {2} 的整数，实际为 “{3}”",
  "must be a whole number above 0, got {}": "必须是大于 0 的整数，实际为 {1}",
  'must be a number above 0, got "{}"': "必须是大于 0 的数，实际为 “{1}”",
  'must be a number at least {}, got "{}"': "必须是不小于 {1} 的数，实际为 “{2}”",
  'must be a number in [{}), got "{}"': "必须是 [{1}) 中的数，实际为 “{2}”",
  "must be an odd number, so that the network itself is a point, got {}":
    "必须是奇数，这样网络本身才是其中一点，实际为 {1}",
  "must be from {} to {}, the number of images, got {}": "必须是 {1} 到 {2}（图像数），实际为 {3}",
  "must be at most {}, the number of images to train on, got {}": "最多为 {1}（用于训练的图像数），实际为 {2}",
  "must be 6n + 2 for a CIFAR ResNet ({} …), got {}": "对 CIFAR ResNet 必须是 6n + 2（{1}……），实际为 {2}",
  "must be whole numbers from {} to {}, got {}": "必须是 {1} 到 {2} 的整数，实际为 {3}",
  "must be from {} to {}, got {}": "必须是 {1} 到 {2}，实际为 {3}",
  "must be at least {}, got {}": "必须不小于 {1}，实际为 {2}",
  "must be above {}, got {}": "必须大于 {1}，实际为 {2}",
  "must be in [{}), got {}": "必须在 [{1}) 中，实际为 {2}",
  "must be {}, one for each class, got {}": "必须是 {1} 个，每类一个，实际为 {2} 个",
  'must be pairs such as layer2.1:layer2.2, got "{}"': "必须是成对的块，如 layer2.1:layer2.2，实际为 “{1}”",
  "must be {}, got {}": "必须是 {1!}，实际为 {2}",
  "must end in {}": "文件名必须以其中之一结尾：{1}",
  "must not be empty": "不能为空",
  "is missing": "缺失",
  "is needed: {}": "必须给出：{1}",
  "has images of {}, the network takes {}": "图像为 {1}，网络要求 {2}",
  "needs a validation part to judge epochs by": "需要验证集才能评判轮次",
  "needs a momentum above 0": "需要大于 0 的动量",
  "leaves nothing to train": "没有剩下可训练的参数",
  "{} of {} images leaves none to train on": "{2} 幅图像中留出 {1}，没有剩下可训练的图像",

  // Files and folders
  "cannot read: {}": "无法读取：{1!}",
  "cannot write: {}": "无法写入：{1!}",
  "cannot resume: {}": "无法继续训练：{1!}",
  "cannot create: {}": "无法创建：{1!}",
  "there is no such file or folder": "没有这个文件或文件夹",
  "permission denied": "没有权限",
  "no space is left on the device": "设备上没有剩余空间",
  "free some and try again": "请腾出空间后重试",
  "the disk quota is used up": "磁盘配额已用完",
  "free some space and try again": "请腾出空间后重试",
  "the file system is read-only": "文件系统是只读的",
  "a file of this name is in the way": "已有同名文件",
  "is a folder, must be a file": "是文件夹，必须是文件",
  "is a file, must be a folder": "是文件，必须是文件夹",
  '"{}" is a file, must be a folder': "“{1}” 是文件，必须是文件夹",
  '"{}" is a folder, must be a file such as report.html': "“{1}” 是文件夹，必须是文件，如 report.html",
  "a part of the path is a file, must be a folder": "路径中有一部分是文件，必须是文件夹",
  "the name is too long": "名称过长",
  "too many files are open": "打开的文件过多",
  "the file is in use": "文件正被使用",
  "the device failed": "设备出错",
  "symbolic links form a loop": "符号链接形成循环",
  "is a device or pipe, must be a regular file": "是设备或管道，必须是普通文件",
  '"{}" is not there': "“{1}” 不存在",
  '"{}" is the input file': "“{1}” 就是输入文件",
  "name another": "请另取一个名称",
  "already exists": "已存在",
  "give another --out, or --force to replace it": "请另给 --out，或用 --force 替换",
  "no longer exists": "已不存在",
  "change to a folder that does": "请切换到存在的文件夹",
  'no file fits "{}"': "没有文件符合 “{1}”",
  'no model has "{}" in its name, family or source': "没有网络的名称、系列或来源含有 “{1}”",

  // Data sets
  '"{}" is neither a folder nor a data set': "“{1}” 既不是文件夹，也不是数据集",
  'is not on this machine; fetch it with "{}"': "不在本机；请用 “{1}” 获取",
  "has {} subfolder(s), must have one for each of two or more classes":
    "有 {1} 个子文件夹，必须有两个或更多类别，每类一个子文件夹",
  "is not an image of a known kind, which is not supported": "不是已知类型的图像，不受支持",
  "supported are {} and {}": "支持的有 {1} 和 {2}",
  "supported are {}": "支持的有 {1}",

  // Weights and networks
  "is truncated: its tensors take {} bytes, {} are there": "不完整：其张量需要 {1} 字节，只有 {2} 字节",
  "is truncated: the zip directory at its end is missing": "不完整：末尾缺少 zip 目录",
  "is truncated: {} of {} takes {} bytes, {} are there": "不完整：{2} 的 {1} 需要 {3} 字节，只有 {4} 字节",
  "is truncated: {} takes {} bytes, {} are there": "不完整：{1} 需要 {2} 字节，只有 {3} 字节",
  "is not a safetensors file: its header would take {} bytes, the limit is {}":
    "不是 safetensors 文件：其文件头将有 {1} 字节，上限为 {2}",
  "is not a PyTorch checkpoint: it begins with {}, must begin with a zip entry or PyTorch's magic number":
    "不是 PyTorch 检查点：开头为“{1?}”，必须是 zip 条目或 PyTorch 的魔数",
  nothing: "空",
  "is not an .npy file: it does not begin with {}": "不是 .npy 文件：开头不是 {1}",
  "write it with numpy.save": "请用 numpy.save 写出",
  "is not a readable ONNX file: {} bytes are missing from a field (is the file truncated?) at byte {}":
    "不是可读的 ONNX 文件：第 {2} 字节处的字段缺少 {1} 字节（文件不完整？）",
  "is not a readable ONNX file: {}": "不是可读的 ONNX 文件：{1}",
  "holds no known kind of weights": "不含已知类型的权重",
  "must be PyTorch (.pth, .pt), safetensors, Keras (.h5, .keras) or ONNX":
    "必须是 PyTorch（.pth、.pt）、safetensors、Keras（.h5、.keras）或 ONNX",
  'has no entry "{}" of weights: it is one state dict without entries':
    "没有名为 “{1}” 的权重条目：它是一个没有条目的 state dict",
  "leave --entry out": "请去掉 --entry",
  "does not fit the network: {}": "与网络不符：{1!}",
  "unexpected {} and {} more": "多出 {1} 及另外 {2} 个",
  "missing {} and {} more": "缺少 {1} 及另外 {2} 个",
  "unexpected {}": "多出 {1}",
  "missing {}": "缺少 {1}",
  '"{}" is {}, must be {}': "“{1}” 为 {2}，必须是 {3}",
  "are these the weights of another network? --partial loads what fits":
    "这些是别的网络的权重吗？--partial 载入相符的部分",
  'the weights look like shortcut type "{}" ({}), with projections only where shapes change':
    "这些权重看来属于快捷连接类型 “{1}”（{2}），只在形状改变处有投影",
  'the weights look like shortcut type "{}" ({}) or "{}", which have no projections':
    "这些权重看来属于没有投影的快捷连接类型 “{1}”（{2}）或 “{3}”",
  'the weights look like shortcut type "{}" ({}), with projections in every block':
    "这些权重看来属于快捷连接类型 “{1}”（{2}），每个块都有投影",
  "build the network with it": "请用它来建网络",
  "is a {}, but {} and {} have the same weights": "是 {1}，但 {2} 与 {3} 的权重相同",
  "say which with --shortcut": "请用 --shortcut 说明是哪种",
  "is not a {} with shortcut {}: {}": "不是快捷连接为 {2} 的 {1}：{3!}",
  "the weights are those of {} or {}": "这些权重属于 {1} 或 {2}",
  "the weights are those of {}": "这些权重属于 {1}",
  "was trained with shortcut {}, by its own record, not {}": "按其自身记录，是以快捷连接 {1} 训练的，不是 {2}",
  "is not a training checkpoint": "不是训练的检查点",
  "its weights alone cannot be resumed": "仅凭权重无法继续训练",
  "applies only to a file; leave it out": "只用于文件；请去掉",
  "applies only to ONNX, not to {}": "只用于 ONNX，不用于 {1}",
  "a file defines its own shortcuts; leave it out": "文件自己规定快捷连接；请去掉",
  "belongs to --task {}, this is --task {}": "属于 --task {1}，这里是 --task {2}",
  "give --task {}, too": "请同时给出 --task {1}",
  "was truncated: its end is missing; nothing of it was kept": "已被截断：缺少末尾；没有留下任何内容",
  "was ended, as asked": "已按要求结束",
};
