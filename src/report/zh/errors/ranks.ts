import type { Templates } from "../templates.ts";

/** Errors of a training on several ranks of MPI. */
export const rankErrors: Templates = {
  "needs several ranks: start residua by mpirun -n 2 or more, or leave it out":
    "需要多个 rank：请用 mpirun -n 2 或更多启动 residua，或去掉它",
  "is {}, but several ranks train on the processor alone": "为 {1}，但多个 rank 只能在处理器上训练",
  "{}: the batches of {} ranks together": "{1?}：即 {2} 个 rank 的批之和",
  "must be a multiple of {}, the number of ranks that share a step's batches, got {}":
    "必须是 {1}（分担每步各批的 rank 数）的倍数，实际为 {2}",
  "of {} images cannot be divided into {} equal shares": "含 {1} 幅图像，无法等分为 {2} 份",
  "joins the batches of {} ranks, but this training has {}": "合并 {1} 个 rank 的批，但此训练有 {2} 个",
  "mpirun -n {} residua train starts as many": "可用 mpirun -n {1} residua train 启动同样多的 rank",
  "joins the batches of several ranks, but one process trains": "合并多个 rank 的批，但只有一个进程在训练",
  "has no batch norm to join: the network has none that is trained": "没有可合并的批归一化：网络中没有要训练的批归一化",
  "rank {} of {} does not exist": "{2} 个 rank 中没有 rank {1}",
  "must be 0 to size − 1": "必须为 0 到总数 − 1",
  "ranks gave {} elements to be added": "各 rank 要相加的元素数为 {1}",
  "is stored differently from its gradient": "的存储方式与其梯度不同",
  "train with the portable lowering": "请用 portable lowering 训练",

  // What must be the same on all ranks
  "has another {} than rank 0": "的{1?}与 rank 0 不同",
  code: "代码",
  "engine ({}, not {})": "计算引擎（{1}，而非 {2}）",
  seed: "随机种子",
  network: "网络",
  recipe: "训练设置",
  data: "数据",
  start: "起点",
  "install the same version of Residua on all machines": "请在所有机器上安装同一版本的 Residua",
  "all ranks must lower and compute alike, see {}": "所有 rank 的 lowering 和计算方式必须相同，见 {1}",
  "give all ranks the same {}": "请让所有 rank 的 {1} 相同",
  "give all ranks the same network and classes": "请让所有 rank 的网络和类别相同",
  "give all ranks the same options": "请让所有 rank 的选项相同",
  "all ranks must read the same files": "所有 rank 必须读取相同的文件",
  "all ranks must start from the same weights or checkpoint": "所有 rank 必须从相同的权重或检查点开始",

  // A rank that drifted
  "holds other parameters than rank 0 after step {}": "在第 {1} 步之后的参数与 rank 0 不同",
  "resume from the last checkpoint, and check that machine's memory and MPI library if it happens again":
    "请从最近的检查点继续；若再次发生，请检查该机器的内存和 MPI 库",

  // MPI itself
  "none of {} could be loaded: {}": "{1} 均无法加载：{2}",
  "install the MPI of the launcher": "请安装启动器所属的 MPI",
  "{} failed: {}": "{1} 失败：{2}",
  "{} was built without threads (MPI_THREAD_MULTIPLE)": "{1} 编译时未启用线程（MPI_THREAD_MULTIPLE）",
  "install another build": "请安装其他版本",
  "the launcher started {} processes, but {} sees {}: it belongs to another launcher":
    "启动器启动了 {1} 个进程，但 {2} 只看到 {3} 个：它属于另一个启动器",
  "use the launcher's own library": "请使用该启动器自己的库",
  "no answer for {} s: another rank is gone or stuck": "{1} 秒没有回应：另一个 rank 已消失或卡住",
  "resume when all are back": "全部恢复后再继续训练",
};
