import type { Templates } from "../../../report/zh/templates.ts";

/** What each command does, in one line; a test refuses a command without a row. */
export const summaries: Readonly<Record<string, string>> = {
  worker: "训练 residua compare --queue 交给任意机器的网络，直到停止",
  compare: "用每种快捷连接类型训练一个浅层和一个深层网络，显示类型带来的变化",
  train: "训练网络；按 Ctrl-C 会留下检查点，--resume 从中精确地继续",
  "lr-find": "学习率范围测试：每一步都提高学习率，绘出损失，并给出建议值",
  evaluate: "测量训练好的网络在测试图像上的准确率和损失，或对带掩膜图像的分割质量",
  predict: "用训练好的网络对图像分类，或寻找其中的细胞",
  segment: "用以 --task segment 训练的网络，把任意大小的图像分割为细胞或类别",
  plates: "在图像中检出车牌，校正并识别；输出表格、标注图、说明页、抹去车牌的副本",
  runs: "查找、比较、标记、复制和导出 train 与 compare 的运行记录",
  tables: "把 LeetCode 的 JSON 或 CSV 中的表导入 MySQL、PostgreSQL 或 SQLite，或从中导出",
  devices: "列出可用来计算的设备：处理器、图形处理器；缺少什么，怎么办",
  models: "列出有名称的网络及其选项，以及可直接使用的训练好的网络",
  gradflow: "跟踪梯度在初始时和训练中如何流过每一层、每一个块",
  lesion: "移除、交换和重复训练好的网络的块，测量它还能做到什么",
  landscape: "绘制训练好的网络周围及其训练轨迹上的损失：等高线和曲面",
  advise: "依据有出处的规则和短测量，为网络的块建议更好的设计",
  describe: "逐块显示网络：形状、每个快捷连接实际是什么、开销多大",
  inspect: "识别权重文件属于哪个网络、哪种快捷连接类型；只有确定时退出码才为 0",
  export: "把网络导出为 ONNX、safetensors 或 PyTorch state dict，附模型卡片",
  report: "写一页关于训练好的网络的报告；给出其他命令写的网页时，合并为一页",
  data: "列出、获取和绘制数据集",
  forward: "以推理模式计算图像的得分，用来与 PyTorch 核对",
  gradients: "计算平均交叉熵的梯度（批归一化处于训练模式），用来与 PyTorch 核对",
  keys: "生成两对密钥，一对用于签名和验证，一对（age）用于加密和解密；文件只有你能读取",
  sign: "对文件签名：旁边的小文件记录其哈希、来历和签名",
  verify: "按签名检查文件；任何字节、密钥或声明不符时退出码为 1",
  seal: "为密钥持有者加密任意大小的文件，得到标准的 age 文件",
  serve: "通过 HTTP 用训练好的网络回答请求：图像，或按开放推理协议发送的张量",
  studio: "在网页里弄懂快捷连接、比赛训练网络：在本机打开，或导出为静态网站",
  audit: "对照另行保存的签名链头，核验服务器的审计日志是否完整",
  unseal: "解密 age 文件或旧版本加密的文件；文件被改动、截断或为别的密钥加密时，不留下任何内容",
};

/** What commands below others do. */
export const subcommandSummaries: Templates = {
  "check that no line of a server's audit log was changed, taken out or put in; exits with 1 if one was":
    "核验服务器的审计日志没有一行被改动、删去或插入；若有则退出码为 1",
  "list runs, latest first": "列出运行，最近的在前",
  "show everything about a run": "显示一次运行的全部信息",
  "show which run resumed which": "显示哪次运行继续了哪次",
  "show runs side by side: what differs, and their results": "并列显示若干运行：差异和结果",
  "remove runs, with their values and kept files": "删除运行，连同其数值和保存的文件",
  "add tags to a run, or remove them": "给运行添加或删除标签",
  "copy all runs into another store; resumes after an interruption": "把所有运行复制到另一个运行存储；中断后可继续",
  "export the values of all metrics as CSV, or whole runs as JSON":
    "把所有指标的数值导出为 CSV，或把整个运行导出为 JSON",
  "make tables from files, all or none, their columns typed by all rows":
    "从文件建立表：要么全部，要么一个也不建；列的类型由所有行决定",
  "write a table as CSV, as LeetCode's JSON, or by columns": "把表写成 CSV、LeetCode 的 JSON，或按列写出",
  "list networks with their parameters and multiply-adds per image": "列出网络及其参数量和每幅图像的乘加次数",
  "show the card of a ready network: its figures, data, licences, how it was made, its files":
    "显示现成网络的卡片：指标、数据、许可证、生成方式、文件",
  "list what --option accepts: all options, or those of one network":
    "列出 --option 接受的内容：所有选项，或某个网络的选项",
  "list the named data sets and whether they are on this machine": "列出有名称的数据集，以及是否已在本机",
  "fetch a data set, check its hash and keep it": "获取数据集，核对哈希并保存",
  "draw images of cells with exact masks to try segmentation, into images/ and masks/ of one folder":
    "绘制带精确掩膜的细胞图像，用来试验分割；写入同一文件夹的 images/ 和 masks/",
};

/** Notes beside example commands. */
export const exampleNotes: Templates = {
  "what do shortcut types do to a deep network?": "快捷连接类型对深层网络有什么影响？",
  "every block, and what its shortcut resolves to": "每个块，及其快捷连接实际是什么",
  "the question in two minutes": "两分钟内回答这个问题",
  "what an accuracy costs, within 4 epochs": "达到某一准确率的开销，限 4 个轮次",
  "other networks": "其他网络",
  "with tests over seeds, as far as time allows": "对种子做统计检验，以时间允许为限",
  "a network and recipe chosen for the data": "为该数据选定的网络和配方",
  "then: tensorboard --logdir logs": "然后：tensorboard --logdir logs",
  "on two processes, 128 images a step": "两个进程，每步 128 幅图像",
  "longer than it was planned": "比原计划更久",
  "plain-56 next to resnet56 on MNIST": "在 MNIST 上对照 plain-56 与 resnet56",
  "only the start": "只看初始状态",
  "a trained network, as it is": "训练好的网络，原样测量",
  "projections only where the shape changes": "只在形状改变处用投影",
  "shortcuts without any parameters": "完全没有参数的快捷连接",
  "the shortcuts found in the graph itself": "在计算图中找到的快捷连接",
  "refuses the weights of another type, and names the keys": "拒绝其他类型的权重，并指出键名",
};
