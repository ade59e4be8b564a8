import { phrase, type Words } from "../report/words.ts";

/** Kinds of shortcuts, as networks and graphs name them, in Chinese. */
const chinese: Readonly<Record<string, string>> = {
  none: "无快捷连接",
  identity: "恒等",
  "padded identity": "补零恒等",
  "partial identity": "部分恒等",
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
