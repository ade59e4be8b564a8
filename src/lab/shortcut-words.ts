import { shortcutExplanations, type ShortcutType } from "../nn/shortcuts/type.ts";
import { phrase, type Words } from "../report/words.ts";

/** Kinds of shortcuts, as networks and graphs name them, in Chinese. */
const chinese: Readonly<Record<string, string>> = {
  none: "无快捷连接",
  identity: "恒等",
  "padded identity": "补零恒等",
  "partial identity": "部分恒等",
  "other channels": "其余通道",
  "subsampled identity": "下采样恒等",
  "pooled identity": "池化恒等",
  "resized identity": "缩放尺寸恒等",
  "normalised identity": "归一化恒等",
  scaled: "缩放",
  "scaled identity": "缩放恒等",
  gated: "门控",
  "gated identity": "门控恒等",
  "gated identity and residual": "门控恒等与残差",
  "identity with dropout": "带 dropout 的恒等",
  projection: "投影",
  convolution: "卷积",
  concatenation: "拼接",
  other: "其他",
};

const CONCATENATED = ", concatenated";

/** What a kind of shortcut is called; one without a Chinese name stands as it is. */
export function nameKind(kind: string): Words {
  if (kind.endsWith(CONCATENATED))
    return phrase(nameKind(kind.slice(0, -CONCATENATED.length)), { en: CONCATENATED, zh: "，拼接" });
  const zh = chinese[kind];
  return zh === undefined ? kind : { en: kind === "none" ? "no shortcut" : kind, zh };
}

/** What {@link shortcutExplanations} say, in Chinese. */
const explanations: { readonly [Type in ShortcutType]: string } = {
  plain: "没有快捷连接：块计算 y = act(F(x))，梯度必须穿过每一层。它是对照，显示快捷连接有什么用。",
  pad: "块不改变通道数和尺寸时，输入原样相加；改变时，输入经下采样，新增的通道填零（选项 A）。快捷连接没有参数。",
  project:
    "块不改变通道数和尺寸时，输入原样相加；改变时，用 1×1 卷积把输入变为新的形状（选项 B）。只有这少数几个投影有参数。",
  "project-all": "每个快捷连接都是 1×1 卷积，即使输入本可原样相加（选项 C）。它的参数最多，输入也不再原样通过。",
  scaled:
    "块不改变通道数和尺寸时，输入先乘以常数 λ 再相加；改变时，用 1×1 卷积把输入变为新的形状。经过 n 个块，信号按 λⁿ 衰减，所以这种网络很难训练。",
  gated:
    "块不改变通道数和尺寸时，由 0 到 1 之间的门 g(x)（1×1 卷积加 sigmoid）混合输入与残差：(1−g)·x + g·F(x)。门对残差开得越大，输入通过得越少；形状改变处由 1×1 卷积代替。",
  "gated-shortcut":
    "块不改变通道数和尺寸时，0 到 1 之间的门 g(x) 只乘在输入上：(1−g)·x + F(x)。门的偏置为较大的负数时，初始几乎是恒等映射；形状改变处由 1×1 卷积代替。",
  dropout:
    "块不改变通道数和尺寸时，输入先以固定概率做 dropout 再相加；改变时，用 1×1 卷积把输入变为新的形状。它在期望上使信号逐块按常数缩小，因此与缩放一样妨碍训练。",
  concat:
    "一层的新通道与其输入拼接，而不是相加，于是同一阶段中后面的每一层都能原样读到前面所有的层。快捷连接没有参数，但每一层都使后面各层的输入变宽。",
};

/** A type of shortcut, explained to a newcomer. */
export function explainShortcut(type: ShortcutType): Words {
  return { en: shortcutExplanations[type], zh: explanations[type] };
}
