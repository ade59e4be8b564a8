import { explainShortcut } from "../../../lab/shortcut-words.ts";
import type { DescribableGraph } from "../../../networks/describe.ts";
import type { NetworkFile } from "../../../networks/file.ts";
import type { CardModel, NetworkCard } from "../../../networks/card.ts";
import { describeGraph } from "../../../onnx/analysis/describe-graph.ts";
import { hashOf } from "../../../ready/web/fetch.ts";
import type { Words } from "../../../report/words.ts";
import { looksLikeSafetensors } from "../../../weights/safetensors/safetensors.ts";

/** Something that is known about a network. */
export interface Fact {
  readonly term: Words;
  readonly text: Words;
}

const fact = (en: string, zh: string, text: Words): Fact => ({ term: { en, zh }, text });

const formatBytes = (bytes: number): string =>
  bytes < 2 ** 20 ? `${(bytes / 2 ** 10).toFixed(1)} KB` : `${(bytes / 2 ** 20).toFixed(1)} MB`;

/** Names that are listed; ImageNet has a thousand. */
const listedClasses = 12;

function formatClasses(classes: readonly string[]): Words {
  const rest = classes.length - listedClasses;
  const listed = classes.slice(0, listedClasses).join(", ");
  return rest > 0
    ? { en: `${classes.length}: ${listed} and ${rest} more`, zh: `${classes.length} 个：${listed}，另有 ${rest} 个` }
    : `${classes.length}: ${listed}`;
}

function aboutCard({ data, classes, normalization: { mean, deviation }, task }: NetworkCard): readonly Fact[] {
  const [means, deviations] = [mean, deviation].map((values) => values.map((value) => value.toFixed(3)).join(", "));
  return [
    ...(data === "" ? [] : [fact("Data", "数据", data)]),
    ...(task === undefined ? [] : [fact("Task", "任务", String((task as { readonly name?: unknown }).name))]),
    fact("Classes", "类别", formatClasses(classes)),
    fact("Normalised by", "归一化", {
      en: `mean ${means}; deviation ${deviations}`,
      zh: `均值 ${means}；标准差 ${deviations}`,
    }),
  ];
}

/** What a network says about itself. */
export function aboutNetwork({
  model,
  card,
}: {
  readonly model?: CardModel;
  readonly card?: NetworkCard;
}): readonly Fact[] {
  const { name, options } = model ?? card?.model ?? {};
  const shortcut = options?.shortcut;
  return [
    ...(name === undefined ? [] : [fact("Network", "网络", name)]),
    ...(shortcut === undefined
      ? []
      : [fact("Shortcut", "快捷连接", shortcut), fact("That is", "含义", explainShortcut(shortcut))]),
    ...(card === undefined ? [] : aboutCard(card)),
  ];
}

function formatOf(bytes: Uint8Array, network: NetworkFile): Words {
  if (network.kind === "graph") {
    const { opsets, producer } = network.onnx;
    const by = producer === "" ? "" : `, ${producer}`;
    return `ONNX, opset ${opsets.get("") ?? "?"}${by}`;
  }
  if (looksLikeSafetensors(bytes)) return "safetensors";
  return { en: "weights", zh: "权重" };
}

/** What a file is, by its bytes. */
export async function aboutFile(bytes: Uint8Array, network: NetworkFile): Promise<readonly Fact[]> {
  const hash = globalThis.isSecureContext ? [fact("SHA-256", "SHA-256", await hashOf(bytes))] : [];
  return [fact("File", "文件", formatBytes(bytes.length)), fact("Format", "格式", formatOf(bytes, network)), ...hash];
}

const formatShape = (shape: readonly (number | string)[]): string => shape.join("×");

/** What the graph itself tells. */
export function aboutGraph({ graph, learned }: DescribableGraph): readonly Fact[] {
  const found = describeGraph(graph, learned === undefined ? {} : { learned });
  const { inputs, outputs, layers, nodes, receptiveField, activations } = found;
  const [into, out] = [inputs, outputs].map((values) =>
    values.map(({ name, shape }) => `${name} ${formatShape(shape)}`).join(", "),
  );
  return [
    fact("Takes", "输入", into),
    fact("Gives", "输出", out),
    fact("Layers", "层", { en: `${layers}, in ${nodes} operators`, zh: `${layers} 层，共 ${nodes} 个算子` }),
    ...(receptiveField === undefined
      ? []
      : [
          fact("Receptive field", "感受野", {
            en: `${formatShape(receptiveField)} pixels`,
            zh: `${formatShape(receptiveField)} 像素`,
          }),
        ]),
    ...(activations === undefined
      ? []
      : [
          fact("Memory of one image", "一幅图像的内存", {
            en: `${formatBytes(activations.peak)} to predict, ${formatBytes(activations.sum)} to train`,
            zh: `预测 ${formatBytes(activations.peak)}，训练 ${formatBytes(activations.sum)}`,
          }),
        ]),
  ];
}
