import type { Templates } from "../../../report/zh/templates.ts";

/** What the help says about options and arguments. A test walks all commands and finds what is missing here. */
export const optionTexts: Templates = {
  // Frame
  "display help for command": "显示命令的帮助",
  "output the version number": "显示版本号",
  "language of help, messages and tables (default: by LC_ALL, LC_MESSAGES, LANG)":
    "帮助、消息和表格的语言（默认：按 LC_ALL、LC_MESSAGES、LANG）",

  // Shared
  "print one JSON document on standard output, messages on standard error":
    "在标准输出打印一个 JSON 文档，消息写到标准错误",
  "where runs are recorded: mysql://…, postgres://…, a file, or @FILE that holds the address":
    "运行记录的存放位置：mysql://…、postgres://…、一个文件，或存有地址的 @FILE",
  "what S is in y = act(F(x) + S(x)): {}": "快捷连接类型，即 y = act(F(x) + S(x)) 中的 S：{1}",
  "an option of the network, such as stochasticDepth=0.2 or outputStride=8; repeatable (residua models options lists all)":
    "网络的选项，如 stochasticDepth=0.2 或 outputStride=8；可重复（residua models options 列出全部）",
  "seed for all randomness": "一切随机性的种子",
  "seed of everything random": "一切随机性的种子",
  "how to write the training graph for this machine": "如何为本机编写训练图",
  "compute threads": "计算线程数",
  "where to compute: cpu, webgpu (any graphics processor) or cuda[:N] (NVIDIA's); residua devices lists them":
    "在哪里计算：cpu、webgpu（任何图形处理器）或 cuda[:N]（NVIDIA 的）；residua devices 列出它们",
  "use the first n training images": "只用前 n 幅训练图像",
  "use the first n test images": "只用前 n 幅测试图像",
  "output folder": "输出文件夹",
  "{}, or a folder of images by class": "{1}，或按类别分子文件夹的图像文件夹",
  "a data set, or a folder of images by class": "数据集，或按类别分子文件夹的图像文件夹",
  "images per step": "批大小：每步的图像数",
  "do not record the run in the run store": "不把这次运行记入运行存储",
  "record no training, and list no runs": "不记录训练，也不列出运行",
  "do not record the runs in the run store": "不把这些运行记入运行存储",
  "the report, a self-contained page": "报告：一个自包含的网页",

  // tables
  'LeetCode\'s {"headers": {…}, "rows": {…}} as .json, or .csv with a line of names':
    'LeetCode 的 {"headers": {…}, "rows": {…}}（.json），或首行为列名的 .csv',
  "the database: mysql://…, postgres://… or an SQLite file": "数据库：mysql://…、postgres://… 或一个 SQLite 文件",
  "the table's name": "表名",
  "replace tables that exist": "替换已存在的表",
  "the table's or view's name": "表或视图的名称",
  "comma-separated values; null is an empty cell": "逗号分隔值；null 为空单元格",
  'LeetCode\'s {"headers": {…}, "rows": {…}}': 'LeetCode 的 {"headers": {…}, "rows": {…}}',
  "one JSON object with a list per column": "一个 JSON 对象，每列一个列表",

  // compare
  "train only part i of n, counted from 0; the same command without it joins the parts from the run store":
    "只训练 n 份中的第 i 份，从 0 数起；去掉此选项的同一条命令从运行存储中把各份合并",
  "leave the training to residua worker on any machines, through this PostgreSQL database; record the runs there":
    "把训练交给任意机器上的 residua worker，经由这个 PostgreSQL 数据库，运行也记入其中",
  "with --queue: a worker that is silent for so long loses its run to another":
    "与 --queue 同用：失去响应这么久的 worker，其训练交给另一个",

  // worker
  "the PostgreSQL database with the queue, where runs are recorded": "队列所在的 PostgreSQL 数据库，运行也记入其中",
  "folder that all workers share, for checkpoints and results": "所有 worker 共享的文件夹，存放检查点和结果",
  "folder below which folders of images lie; known data sets need none": "图像文件夹所在的上级文件夹；已知数据集不需要",
  "time between checkpoints: what a dead machine costs at most": "检查点之间的时间：一台机器崩溃时的最大损失",
  "end after one run": "完成一次训练后结束",
  "A worker takes one run at a time, from its last checkpoint on. A worker that dies loses its run to another.":
    "一个 worker 每次接一次训练，从其最后的检查点继续。崩溃的 worker 的训练由另一个接手。",

  "depths of CIFAR ResNets, 6n+2": "CIFAR ResNet 的深度，6n+2",
  "shortcut types: plain (none), pad (A), project (B), project-all (C) …":
    "快捷连接类型：plain（无）、pad（A）、project（B）、project-all（C）……",
  "basic, preactivation, or a network's name with * for the depth, such as wrn-*-2":
    "basic、preactivation，或以 * 代替深度的网络名，如 wrn-*-2",
  "values of a network option or recipe field, such as gateBias=-6,0 or learningRate=0.1,0.05; repeatable":
    "网络选项或训练配方字段的取值，如 gateBias=-6,0 或 learningRate=0.1,0.05；可重复",
  "seeds per network": "每个网络的种子数",
  "evaluate on the first n test images": "在前 n 幅测试图像上评估",
  "what all runs share: epochs, or multiply-adds (cheaper networks train longer)":
    "各次训练相同的是什么：轮次，或乘加次数（开销小的网络训练更久）",
  "train what fits into 30m, 2h …: the first seed of every network, then the second …":
    "只训练 30m、2h 等时间内能完成的：先是每个网络的第一个种子，然后第二个……",
  "end a run when it classifies this share of the test images right, such as 0.9 or 90%, and compare what that takes":
    "测试准确率达到此值（如 0.9 或 90%）时结束一次训练，并比较所需的开销",
  "configuration file": "配置文件",
  "retrain runs that the run store already has": "重新训练运行存储中已有的运行",
  "train more than {} networks without confirmation": "训练超过 {1} 个网络时不再询问",
  "Runs that the run store already has are not trained again; interrupted ones resume.":
    "运行存储中已有的运行不会重新训练；中断的会继续。",

  // train
  "resnet20, resnet50d, densenet121 …; residua models list shows all":
    "resnet20、resnet50d、densenet121……；residua models list 列出全部",
  "share of the training images held out to choose the best epoch (default: the task's, 0.04 to 0.1, and of a small set 8 images, or a fifth)":
    "留出多大比例的训练图像，用来选择最佳轮次（默认：随任务，0.04 至 0.1；图像少时为 8 幅或五分之一）",
  "classify images, or segment them; for segmentation, --data is a folder with images/ and masks/":
    "对图像分类，或做分割；分割时 --data 是含 images/ 和 masks/ 的文件夹",
  "resume from a checkpoint or a run's folder (default: --out), which defines everything about the run; only --epochs may be raised":
    "从检查点或运行的文件夹（默认：--out）继续；一切由它决定，只有 --epochs 可以调高",
  'output folder (default: "{}", or that of the resumed run)': "输出文件夹（默认：“{1}”，继续训练时为原来的文件夹）",
  "save the weights n times during training, for residua landscape": "训练中保存 n 次权重，供 residua landscape 使用",
  "with mpirun: how long a rank waits for the others in a step before it counts them as gone (default: 300)":
    "用 mpirun 时：一步中某个 rank 等待其他 rank 多少秒后视其为已消失（默认：300）",
  "with mpirun: batch norms take their mean and variance over the batches of all ranks, not each over its own":
    "用 mpirun 时：批归一化的均值和方差取自所有 rank 的批，而不是各取自己的批",
  "write TensorBoard event files, into a subfolder per run": "写 TensorBoard 事件文件，每次运行一个子文件夹",
  "report to an MLflow tracking server, such as http://localhost:5000":
    "上报到 MLflow 服务器，如 http://localhost:5000",
  "times through the training images": "轮次：遍历训练图像的次数",
  "highest learning rate": "最高学习率",
  "sgd (Nesterov momentum 0.9), adamw, or muon (orthogonal steps for filters, sgd for the rest)":
    "优化器：sgd（Nesterov 动量 0.9）、adamw，或 muon（卷积核用正交化的步，其余用 sgd）",
  "how the learning rate changes over the training": "学习率在训练过程中如何变化",
  "steps over which the learning rate first rises from almost nothing": "预热步数：学习率从接近零逐渐升起的步数",
  "weight decay": "权重衰减",
  "momentum of sgd and muon": "sgd 和 muon 的动量",
  "learning rate of what muon leaves to sgd, as a multiple of the filters'":
    "muon 交给 sgd 的参数的学习率，为卷积核学习率的倍数",
  "weight decay spares biases and batch norms": "权重衰减不作用于偏置和批归一化",
  "share of the label that is spread over all classes": "标签平滑：标签中分摊给所有类别的比例",
  "largest global norm of the gradients": "梯度裁剪：梯度全局范数的上限",
  "stop after n epochs without a better validation": "早停：验证连续 n 个轮次没有改善就停止",

  // Fine-tuning
  "start from an ONNX network, a ready network, or weights (.pth, .safetensors …) of --model":
    "从 ONNX 网络、现成网络，或 --model 的权重（.pth、.safetensors……）开始",
  "start from weights in any layout that inspect knows, for --model or the network that they identify":
    "从 inspect 认识的任意布局的权重开始，用于 --model 或由权重识别出的网络",
  "load the weights that fit and report the rest, which is drawn anew": "载入相符的权重，报告其余的；其余的重新初始化",
  "naming scheme of the weights, if several systems use the same names":
    "权重的命名方式，用于多个系统使用相同名称的情况",
  "entry of a PyTorch checkpoint to read, such as state_dict_ema": "要读取的 PyTorch 检查点条目，如 state_dict_ema",
  "prefix of the names of the weights to load, such as module.encoder_q.":
    "要载入的权重名称的前缀，如 module.encoder_q.",
  "classes of the data to learn, in this order": "要学习的数据类别，按此顺序",
  "height and width to scale images to": "图像缩放到的高和宽",
  "train the classifier alone; all other layers and their statistics stay": "只训练分类器；其余各层及其统计量保持不变",
  "keep parameters by name: layer1, *.conv1, …; may be repeated": "按名称冻结参数：layer1、*.conv1……；可重复",
  "train the classifier first, then one more stage every n epochs (1)":
    "逐级解冻：先训练分类器，之后每 n 个轮次多训练一个阶段（1）",
  "each stage's learning rate is x times that of the stage behind it": "每个阶段的学习率是其后一阶段的 x 倍",
  "multiply the learning rate of parameters by name: layer1=0.1; may be repeated, the last match counts":
    "按名称把参数的学习率乘以系数：layer1=0.1；可重复，以最后匹配的为准",
  "batches whose mean gradient makes one step": "梯度累积：多少个批的平均梯度构成一步",

  // Loss and steps
  '"balanced", or a weight for each class: 1,2.5,…': "类别权重：balanced，或逐类给出 1,2.5,…",
  "train on blends of two images, their share from Beta(alpha, alpha) (0.2)":
    "用两幅图像的混合训练，比例取自 Beta(alpha, alpha)（0.2）",
  "every 5 steps, pull the weights back to their slow average: at the end by this share (0.774)":
    "Lookahead：每 5 步把权重拉回到其慢速平均；到训练结束时的比例（0.774）",
  "float32, or mixed: float16 in convolutions and products, for graphics processors":
    "精度：float32；或 mixed：卷积和矩阵乘法用 float16，适合图形处理器",
  "the first half of the steps see images of this share of their height and width (0.75)":
    "渐进式尺寸：前一半训练步使用高和宽缩小到该比例的图像（0.75）",
  "stages freeze from the front on: the first after this share of the steps, those behind it later (0.5)":
    "FreezeOut：各阶段从网络前端起依次冻结：第一个阶段在该比例的训练步之后冻结，其后的阶段更晚（0.5）",
  "the first convolution whitens patches of the images, and is not trained":
    "白化：第一个卷积层对图像块做白化，不参与训练",
  "mirror each image in every other epoch: instead of by chance, or where images are not mirrored otherwise":
    "每隔一个轮次镜像每幅图像：代替随机镜像；原本不镜像的数据也会镜像",
  "muon first rescales each convolution's weight W before a batch norm to ‖W‖ = √(output channels)":
    "muon 在每步之前，把批归一化之前的每个卷积的权重 W 缩放到 ‖W‖ = √(输出通道数)",
  "weight decay shrinks what sgd trains by rate times decay, instead of entering its gradient":
    "权重衰减把 sgd 训练的权重按学习率乘以衰减系数缩小，而不进入梯度",
  "pad shifted images by reflection, not with black": "平移后空出的部分用镜像填充，而不是黑色",
  "learning rate of biases, those of batch norms included, as a multiple of the others'":
    "偏置（含批归一化的偏置）的学习率，为其余参数的倍数",
  "turn images by an angle from −x to x degrees": "把图像旋转 −x 到 x 度",
  "multiply images by a factor from 1 − x to 1 + x": "亮度：把图像乘以 1 − x 到 1 + x 的系数",
  "blend images with their mean grey, by a factor from 1 − x to 1 + x":
    "对比度：图像与其平均灰度混合，系数 1 − x 到 1 + x",
  "blend images with their own grey, by a factor from 1 − x to 1 + x":
    "饱和度：图像与其灰度图混合，系数 1 − x 到 1 + x",
  "probability that a rectangle of an image is blanked out (0.5)": "随机擦除图像中一个矩形的概率（0.5）",
  "validate, test and export a moving average of the weights (0.999)": "验证、测试和导出时使用权重的滑动平均（0.999）",

  // Classification
  "random crops with 4 black pixels of padding, and mirroring for {} (default: for {})":
    "随机裁剪（四周填充 4 个黑色像素），{1} 另加镜像（默认：用于 {2}）",
  "train on the unchanged images": "用不加改动的图像训练",
  "whose mean and deviation normalise the images": "用谁的均值和标准差归一化图像",
  "also measure how often the label is among the n highest scores": "另外测量标签位列得分前 n 名的比例",
  "a complete recipe, printed at the start; what is typed replaces its parts, --no-NAME its switches (implies its --task)":
    "一套完整的配方，开始时全部打印；键入的选项取代其中相应的部分，--no-NAME 关掉其中的开关（隐含其 --task）",
  "average the scores of each image and its mirror image, of shifts by a point, or of both: 2, 3 or 6 times slower":
    "对每幅图像的多个视图的得分取平均：加上镜像、平移一个像素，或两者兼有：慢 2、3 或 6 倍",
  "classes to show per image": "每幅图像显示的类别数",
  "Grad-CAM pictures for n correct answers and n mistakes": "为 n 个正确和 n 个错误的回答绘制 Grad-CAM",

  // Segmentation
  "what masks hold: a number per cell (instances), or a class per pixel (classes)":
    "掩膜的含义：每个细胞一个编号（instances），或每个像素一个类别（classes）",
  "loss on the pixels' classes": "像素类别上的损失函数",
  "mask value to ignore in training, with --target classes": "训练时忽略的掩膜值，用于 --target classes",
  "share of a folder without test/ to hold out for the test": "没有 test/ 的文件夹中留作测试的比例",
  "height and width of the crops to train on (default: 128; tiles for prediction have --image-size, 256)":
    "训练用裁剪块的高和宽（默认：128；预测用的分块由 --image-size 决定，256）",
  "shrink larger images to this, in training and in use; for cells as large as a crop":
    "训练和使用时把更大的图像缩小到此尺寸；用于细胞与裁剪块一样大的情况",
  "evaluate only the images that training held out as its test part (for a folder without test/)":
    "只评估训练时留作测试的图像（用于没有 test/ 的文件夹）",
  "average this many mirrored and rotated views per tile: 1, 2, 4 or 8 times slower":
    "每个分块取多少个镜像与旋转视图的平均：慢 1、2、4 或 8 倍",
  "write a page with image, truth, prediction and errors side by side, worst images first":
    "写一个网页，并列显示图像、真值、预测和误差，最差的图像在前",
  "number of images on the page": "网页上的图像数",
  "page of an image file that has several, from 1": "多页图像文件中的页，从 1 开始",
  "one channel of each image, from 1": "每幅图像的一个通道，从 1 开始",
  "format of the label image, 16 bits; TIFF uses 32 bits above 65,535 cells":
    "标签图像的格式，16 位；细胞超过 65,535 个时 TIFF 用 32 位",
  "side of a pixel; adds measurements in micrometres": "像素边长；另外给出以微米为单位的测量值",
  "share of a tile that overlaps its neighbours": "分块与相邻分块重叠的比例",
  "least probability for a pixel to belong to a cell": "像素属于细胞的最低概率",
  "how much deeper two cells must be than the pass between them; lower values split more":
    "两个细胞须比其间的“山口”深多少；值越小，分得越细",
  "discard smaller regions": "丢弃更小的区域",
  "image files, folders of them, or globs": "图像文件、图像文件夹或通配符",
  "image files, folders of them, or globs: PNG, TIFF, JPEG … (docs/images.md)":
    "图像文件、图像文件夹或通配符：PNG、TIFF、JPEG……（docs/images.zh-CN.md）",
  "a ready network, or one from residua train --task segment": "现成网络，或由 residua train --task segment 训练的网络",
  "For each image: NAME.cells.png (the number of its cell at each point, 0 is background), NAME.overlay.png (outlines and numbers), NAME.csv (shape and intensity of each cell), NAME.geojson (outlines in pixels and measurements, for QuPath) and NAME.rois.zip (outlines for ImageJ). For all of them: cells.csv (every cell) and summary.csv (one row per image). A network for classes of points gives NAME.classes.png, NAME.overlay.png and summary.csv (shares of the classes).":
    "每幅图像得到：NAME.cells.png（每个点所属细胞的编号，0 为背景）、NAME.overlay.png（轮廓和编号）、\nNAME.csv（每个细胞的形状和强度）、NAME.geojson（以像素为单位的轮廓和测量值，供 QuPath 使用）\n和 NAME.rois.zip（供 ImageJ 使用的轮廓）。全部图像合在一起：cells.csv（每个细胞一行）和\nsummary.csv（每幅图像一行）。逐点分类的网络给出 NAME.classes.png、NAME.overlay.png 和 summary.csv（各类别的占比）。",
  // Plates
  "with a locator as --model, the network that reads what it finds": "--model 为检出网络时，识别其所检出车牌的网络",
  "which network to train: locate finds plates in pictures, read reads them":
    "训练哪个网络：locate 在图像中检出车牌，read 识别车牌",
  "draw plates with the glyphs of this folder too, pictures whose names end in their character":
    "绘制车牌时也使用此文件夹中的字形，即文件名以其字符结尾的图片",
  "share of the samples that are drawn (default: 1 without --data, 0.9 to read, 0.7 to locate)":
    "绘制的样本所占的比例（默认：没有 --data 时为 1，识别时为 0.9，检出时为 0.7）",
  "samples per epoch (default: 10000 to read, 4000 to locate)": "每轮的样本数（默认：识别时为 10000，检出时为 4000）",
  "height and width of the crops to train on (default: 256 to locate plates, 128 for cells, whose tiles for prediction have --image-size)":
    "训练所用裁剪块的高和宽（默认：检出车牌为 256，细胞为 128；细胞预测时的分块为 --image-size）",
  "image files, folders of them, or globs: PNG, JPEG, TIFF … (docs/images.md)":
    "图像文件、图像文件夹或通配符：PNG、JPEG、TIFF……（docs/images.zh-CN.md）",
  "a ready network that finds and reads plates, if the package has one": "能检出并识别车牌的现成网络（若软件包中有）",
  "a network from residua train --task plates --part locate, in place of the ready one":
    "由 residua train --task plates --part locate 训练的网络，代替现成的",
  "a network from residua train --task plates --part read, in place of the ready one":
    "由 residua train --task plates --part read 训练的网络，代替现成的",
  "also write explain.html: the straightened plates, where each character was seen, what came next":
    "另写 explain.html：校正后的车牌、每个字符的位置、其次的候选",
  "also write the pictures with their plates made unreadable into this folder": "另把车牌已抹去的图像写入此文件夹",
  "whose plates: china follows the rules of their texts, any does not":
    "哪里的车牌：china 遵循中国车牌的文字规则，any 不遵循",
  "least score of a plate": "车牌得分的下限",
  "least mean probability of a plate's characters; 0 keeps all that is located":
    "车牌各字符平均概率的下限；0 保留所有检出",
  "do not locate plates that are not read surely again: faster, and reads fewer":
    "没有把握读出的车牌不再重新定位：更快，但读出的更少",
  "shrink larger pictures to this (default: {}); 1280 finds smaller plates in four times the time":
    "把更大的图像缩小到此（默认：{1}）；1280 能找到更小的车牌，耗时为四倍",
  "For each picture: NAME.overlay.png, its plates outlined and numbered as in the table. For all together: plates.csv. --json has each plate's corners, clockwise from the top left, and each character with its probability, its place on the straightened plate (144×48), and what came next. The confidence of a plate is that of its weakest character.":
    "每幅图像得到 NAME.overlay.png：车牌的轮廓，编号与表格相同。全部图像合在一起：plates.csv。\n--json 给出每块车牌的四个角点（从左上角起顺时针），以及每个字符的概率、在校正后的车牌\n（144×48）上的位置和其次的候选。车牌的可信度是其最弱字符的概率。",
  "learning rate of the first step": "第一步的学习率",
  "learning rate of the last step": "最后一步的学习率",
  "steps from the one to the other": "从第一步到最后一步的步数",
  "Everything else is said as to residua train, whose first steps these are.":
    "其余选项与 residua train 相同；所做的就是它的前若干步。",
  "also write a table of all images, such as predictions.csv": "另写一张所有图像的表，如 predictions.csv",

  // evaluate, predict
  "a ready network such as digits, one from residua train, or weights that residua inspect identifies with certainty":
    "现成网络如 digits、由 residua train 训练的网络，或 residua inspect 能确定识别的权重",
  "data set": "数据集",
  "the task that the network must have": "网络必须属于的任务",
  "load the model only if the signature beside it was made with this key's private half":
    "仅当模型旁的签名由此密钥的私钥生成时才载入",
  "names of the classes of another system's file, one per line": "其他系统的文件的类别名，每行一个",
  "size of images, where another system's file leaves it open": "其他系统的文件未定图像尺寸时所用的尺寸",
  "how another system's file wants pixels: by ImageNet's mean and deviation, from 0 to 1 or from 0 to 255":
    "其他系统的文件要求的像素值：按 ImageNet 的均值和标准差、0 到 1，或 0 到 255",
  "how long loading an ONNX file of another system, and each run of it, may take":
    "载入其他系统的 ONNX 文件及其每次运行最多可用的时间",

  // runs
  "only runs with this status": "只列出此状态的运行",
  "only runs with this tag": "只列出带此标签的运行",
  "only runs of this command, such as train": "只列出此命令的运行，如 train",
  "the latest n": "最近的 n 次",
  "the run's id or its beginning": "运行的 id 或其开头",
  "also draw it into a file (.png too)": "同时画到文件中（也可为 .png）",
  "a run of the tree, by its id or its beginning; all trees if left out":
    "树中的一次运行，用 id 或其开头表示；省略时显示所有的树",
  "ids or their beginnings": "若干 id 或其开头",
  "remove it even if it is running": "即使正在运行也删除",
  "remove the tags": "删除这些标签",
  tags: "标签",
  "the store to copy from": "复制来源的运行存储",
  "the store to copy to": "复制目标的运行存储",
  "one value per line": "每行一个值",
  "one JSON document": "一个 JSON 文档",
  "where to write": "写到哪里",
  "ids or their beginnings; all runs if left out": "若干 id 或其开头；省略时为所有运行",

  // models
  "show only networks with this text in their name, family or source": "只显示名称、系列或来源中含此文字的网络",
  "list the trained networks that the package brings along, with their figures and licences":
    "列出软件包自带的训练好的网络，及其指标和许可证",
  "such as digits; residua models list --ready shows all": "如 digits；residua models list --ready 列出全部",
  "a network's name": "网络名",

  // lab
  "a network such as resnet56, a checkpoint or ONNX file, or a ready network":
    "网络名如 resnet56、检查点或 ONNX 文件，或现成网络",
  "shortcut types to compare": "要比较的快捷连接类型",
  "updates to follow; 0: only the start": "跟踪多少次更新；0：只看初始状态",
  "number of measurements along training": "训练过程中的测量次数",
  "images per step and in the measured batch": "批大小：每步以及所测批的图像数",
  "learning rate, constant": "学习率，恒定",
  "a checkpoint, weights, an ONNX file, or a ready network": "检查点、权重、ONNX 文件或现成网络",
  "random sets per size": "每种大小随机抽取的集合数",
  "approximate number of changed networks to evaluate": "大约评估多少个改动过的网络",
  "also remove these blocks together": "另外同时移除这些块",
  "also swap blocks, such as layer2.1:layer2.2": "另外交换一些块，如 layer2.1:layer2.2",
  "also insert these blocks a second time": "另外把这些块再插入一次",
  "measure the loss on the first n training images": "在前 n 幅训练图像上测量损失",
  "distance in each direction, relative to each filter's norm": "每个方向上的距离，相对于各卷积核的范数",
  "points along the line": "直线上的点数",
  "points along each side of a plane": "平面每条边上的点数",
  "weights along the training": "训练过程中的权重",
  "leave out the training's path": "不画训练轨迹",
  "try each suggestion in short training runs and show its effect": "用短训练试验每条建议，并显示效果",
  "steps per training run": "每次训练的步数",
  "training runs per network": "每个网络的训练次数",
  "test on the first n images": "在前 n 幅图像上测试",
  "write the report as a page": "把报告写成网页",
  "a name such as resnet56, or any file that holds a network": "网络名如 resnet56，或任何含有网络的文件",

  // describe, inspect
  "the network whose weights the file holds, if the file does not say": "文件所含权重属于哪个网络（文件未说明时）",
  "channels of the images": "图像的通道数",
  "number of classes": "类别数",
  "height and width of the images": "图像的高和宽",
  "print all modules as a tree": "以树的形式打印所有模块",
  "list the passes that write its training step for this machine, with the nodes before and after":
    "列出为本机编写训练步的各个 pass，及其前后的节点数",
  "draw the architecture with its shortcuts (.png too); with --tree, the tree of modules":
    "绘制网络结构及其快捷连接（也可用 .png）；用 --tree 时绘制模块树",
  "a name such as resnet20 or densenet121 (residua models list shows all), any file that holds a network, or a ready network":
    "网络名如 resnet20 或 densenet121（residua models list 列出全部），任何含有网络的文件，或现成网络",
  "PyTorch .pth, .pt; safetensors or its .index.json; Keras .h5; ONNX":
    "PyTorch .pth、.pt；safetensors 或其 .index.json；Keras .h5；ONNX",

  // export
  "what to write": "写成什么格式",
  "the file to write": "要写的文件",
  "weights of a network given by name": "以名称给出的网络的权重",
  "seed for the weights of a network given by name": "以名称给出的网络的权重种子",
  "version of ONNX's operators, 11 to 23": "ONNX 算子集版本，11 到 23",
  "fold it into the convolutions, or keep it": "批归一化：并入卷积（fold），或保留（keep）",
  "keep the weights in a file beside the model": "把权重存放在模型旁的文件中",
  "class names, one per line": "类别名，每行一个",
  "mean per channel, for pixels from 0 to 1": "每个通道的均值，像素值为 0 到 1",
  "standard deviation per channel": "每个通道的标准差",
  "do not write a model card": "不写模型卡片",
  "a file of any format that holds a network, a ready network, or a name such as resnet18":
    "含有网络的任意格式的文件、现成网络，或网络名如 resnet18",
  "what it was trained on, in place of what its file says, such as a folder's path":
    "训练所用数据的名称，代替文件中所记的内容（例如文件夹路径）",

  // report, data
  "show the n worst mistakes, or the n worst images of a segmentation network":
    "显示 n 个最严重的错误，或分割网络最差的 n 幅图像",
  "do not look for the training in the run store": "不在运行存储中查找训练过程",
  "the page to write": "要写的网页",
  "a trained network, a file or a ready one, and pages written by compare, gradflow, lesion … (.html)":
    "训练好的网络（文件或现成网络），以及 compare、gradflow、lesion 等写出的网页（.html）",
  "how many": "多少幅",
  "height and width per image": "每幅图像的高和宽",
  "cells per image, as far as there is room": "每幅图像的细胞数，以放得下为限",
  "radii of the cells in pixels": "细胞半径，单位像素",
  "what masks hold: cell numbers (instances), or background, body and nucleus (classes)":
    "掩膜的含义：细胞编号（instances），或背景、胞体和细胞核（classes）",
  "bits per value: 8, or 10, 12 or 16 stored in 16-bit files": "每个值的位数：8，或以 16 位文件存储的 10、12、16",
  "draw coloured stains": "画彩色染色",
  "draw dark cells on a bright background": "在亮背景上画暗细胞",
  "standard deviation of the noise, as a share of the range": "噪声的标准差，占取值范围的比例",

  // forward, gradients
  "PyTorch .pth, safetensors, Keras .h5 or ONNX, in any layout that inspect knows; it sets channels and classes":
    "PyTorch .pth、safetensors、Keras .h5 或 ONNX，inspect 认识的任意布局；由它决定通道数和类别数",
  "images as .npy, [N,C,H,W] float32": "图像，.npy 格式，[N,C,H,W] float32",
  "where to write the result": "结果写到哪里",
  "network name, such as resnet20 or resnet18; auto: the one that inspect identifies":
    "网络名，如 resnet20 或 resnet18；auto：由 inspect 识别",
  "classes as .npy, [N] int64": "类别，.npy 格式，[N] int64",

  // keys, sign, seal
  "start of the four files' names, such as keys/anna": "四个文件名的开头，如 keys/anna",
  "your private key, NAME-sign.key of `residua keys`": "你的私钥，即 `residua keys` 生成的 NAME-sign.key",
  "the signature's file": "签名文件",
  "record something about the file's origin; repeatable": "记录文件来历的信息；可重复",
  "an ONNX network, a checkpoint, a report or any other file": "ONNX 网络、检查点、报告或任何其他文件",
  "the signer's public key, NAME-sign.pub, from a place you trust": "签名者的公钥 NAME-sign.pub，须来自可信的地方",
  "the signed file": "已签名的文件",
  "the recipient's public key: NAME-seal.pub, or a file of age recipients":
    "接收者的公钥：NAME-seal.pub，或 age 接收者文件",
  "the sealed file": "加密后的文件",
  "replace an existing file": "替换已有的文件",
  "the file to seal; it is not changed": "要加密的文件；它不会被改动",
  "your private key: NAME-seal.key, or a file of age identities": "你的私钥：NAME-seal.key，或 age 身份文件",
  "the unsealed file": "解密后的文件",

  // serve, audit
  "network files, NAME=FILE, or folders of them; NAME/VERSION/model.onnx gives versions":
    "网络文件、NAME=FILE 或含有它们的文件夹；NAME/VERSION/model.onnx 给出版本",
  "folders of images, one folder per class inside each, that the page Train offers":
    "图像文件夹，其中每个类别一个文件夹，由页面“训练”提供",
  "write the pages as a static site into a new folder, and start nothing": "把页面作为静态网站写入新文件夹，不启动服务",
  "print what --export wrote as JSON": "以 JSON 打印 --export 所写的内容",
  "Nothing leaves this machine, and the server answers it alone. In the browser that was opened with the printed address, networks are trained natively, in processes of the server; what the page Train trains is recorded in the run store, which the page Runs lists. In any other browser, and exported, the pages train by themselves.":
    "任何东西都不离开本机，服务器也只响应本机。在用显示的地址打开的浏览器中，网络由服务器的进程以原生方式训练；页面“训练”所训练的内容记入运行存储，由页面“运行”列出。在其他浏览器中，以及导出后，页面自己训练。",
  "Speaks the Open Inference Protocol, version 2 (that of Triton and KServe), over REST.":
    "通过 REST 使用开放推理协议第 2 版（即 Triton 和 KServe 的协议）。",
  "address to listen on, of this machine alone": "监听地址，仅限本机",
  "port to listen on; 0 takes any": "监听端口；0 为任意空闲端口",
  "access policy: where to listen, who may ask, how much; read again when it changes":
    "访问策略：在哪里监听、谁可以请求、可以请求多少；改动后重新读取",
  "check a policy and all that it names, and start nothing": "检查策略及其提到的一切，不启动任何服务",
  "print rules that match the policy, and start nothing": "打印与策略一致的防火墙规则，不启动任何服务",
  "make a key for a client of a policy, and start nothing": "为策略的一个客户端生成密钥，不启动任何服务",
  "processes that compute; if left out, one per core, and one on another device":
    "负责计算的进程数；省略时每个核心一个，在其他设备上为一个",
  "threads of each": "每个进程的线程数",
  "most samples in one run; measuring finds the best up to it, 1 turns batching off":
    "一次运行的最多样本数；在此之内由测量选出最佳值，1 关闭合批",
  "how long a free worker waits for more requests": "空闲的工作进程等待更多请求的时间（毫秒）",
  "let clients load and unload the models of the given folders": "允许客户端加载和卸载给定文件夹中的模型",
  "serve only models whose signature, beside them, is one of these public keys'":
    "只提供由这些公钥之一签名的模型，签名文件在模型旁边",
  "private key that opens sealed models, in memory alone": "打开加密模型的私钥，只在内存中打开",
  "print what --new-client and --check-policy say as JSON": "以 JSON 打印 --new-client 和 --check-policy 的结果",
  "the log; files that were put aside are found beside it": "日志文件；轮换出的文件在它旁边",
  "a signed head, kept elsewhere: proves that nothing before it was cut off":
    "另行保存的签名链头：证明在它之前没有被截断",
  "public key that the head is checked with": "核验链头用的公钥",
};

/** What the help says about defaults that are no plain values. */
export const standardTexts: Templates = {
  "the CSV file's": "CSV 文件的名称",
  "the ready network of --task": "--task 的现成网络",
  "RESIDUA_STORE, or .residua/runs.db": "RESIDUA_STORE，否则 .residua/runs.db",
  "one per core": "每个核心一个",
  "{}, or the file's own": "{1}，或文件自带的数据集",
  "the file's own": "文件自带的数据集",
  "1 without --data, 0.9 to read, 0.7 to locate": "没有 --data 时为 1，读出为 0.9，定位为 0.7",
  "10000 to read, 4000 to locate": "读出为 10000，定位为 4000",
  "the model's": "模型自带的值",
  "the network's": "网络自带的值",
  "the reader's own, or {}": "识读网络自带的值，或 {1}",
  "residua.config.ts, if present": "residua.config.ts，若存在",
  "{}, or the preset's": "{1}，或预设的值",
  "{}; with --from or --weights {}": "{1}；用 --from 或 --weights 时 {2}",
  "0.1 with sgd, 0.003 with adamw, 0.02 with muon; with --from or --weights 0.01, 0.0005, 0.002":
    "sgd 为 0.1，adamw 为 0.003，muon 为 0.02；用 --from 或 --weights 时为 0.01、0.0005、0.002",
  "0.9 with sgd, 0.95 with muon": "sgd 为 0.9，muon 为 0.95",
  "0.1, in one cycle": "0.1，one-cycle 调度",
  all: "全部",
  "what --from's file records, else data": "--from 的文件所记录的，否则为 data",
  "combined, cross-entropy plus Dice": "combined，即交叉熵加 Dice",
  "the first": "第一页",
  "all of the page's": "该页的全部通道",
  "what a TIFF says": "TIFF 文件所记录的值",
  "the one it was trained on": "训练它所用的数据集",
  "224, or its network's usual size": "224，或其网络通常的尺寸",
  numbers: "编号",
  "standard output": "标准输出",
  "{}, for a file 0": "{1}，对文件为 0",
  "the folder snapshots beside the file, from residua train --snapshots":
    "文件旁的 snapshots 文件夹，由 residua train --snapshots 生成",
  "none; with --measure, {}": "不写；用 --measure 时为 {1}",
  "by the name of --out": "由 --out 的文件名决定",
  "the network's name, here": "网络名，写在当前文件夹",
  "above 2 GB": "超过 2 GB 时",
  "the file's name plus .sig": "文件名加 .sig",
  "the file's name plus .age": "文件名加 .age",
  "the file's name without .age or .sealed": "去掉 .age 或 .sealed 的文件名",
};
