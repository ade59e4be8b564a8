import type { Run } from "../../store/run.ts";
import type { OriginFact as Fact } from "../../report/origin.ts";
import type { Words } from "../../report/words.ts";
import { type Fields, listFields, shownValue as shown } from "../list-fields.ts";

/** A run's fields come from a database: they are shown as far as they are what they should be. */
const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const fact = (term: Words, text: Words | undefined): readonly Fact[] =>
  text === undefined || text === "" ? [] : [{ term, text }];

function describeImages({ train, validation, augmentation }: Fields, data: string | undefined): Words | undefined {
  const [own, held] = [shown(train), shown(validation)];
  if (own === undefined) return data;
  const crop = shown(augmentation);
  const name = { en: data === undefined ? "" : `${data}: `, zh: data === undefined ? "" : `${data}：` };
  return {
    en: `${name.en}${own} training images${held === undefined ? "" : `, ${held} held out for validation`}${crop === undefined ? "" : `; ${crop}`}`,
    zh: `${name.zh}${own} 张训练图像${held === undefined ? "" : `，另有 ${held} 张用于验证`}${crop === undefined ? "" : `；${crop}`}`,
  };
}

function describeMachine({ host, environment, code }: Run): string {
  const { processor, cores, system, node, lowering } = fieldsOf(environment);
  const { residua } = fieldsOf(code);
  const parts = [
    host,
    shown(processor) === undefined
      ? undefined
      : `${shown(processor)}${cores === undefined ? "" : ` × ${shown(cores)}`}`,
    shown(system),
    shown(node) === undefined ? undefined : `Node.js ${shown(node)}`,
    shown(residua) === undefined ? undefined : `Residua ${shown(residua)}`,
    shown(lowering),
  ];
  return parts.filter((part) => part !== undefined && part !== "").join(", ");
}

const minute = (time: string): string => `${time.slice(0, 16).replace("T", " ")} UTC`;

/** Where a trained network comes from: its run, data, recipe, date and machine. */
export function describeOrigin(run: Run): readonly Fact[] {
  const { data, network, recipe } = fieldsOf(run.config);
  const rates = fieldsOf(recipe);
  const optimizer = fieldsOf(rates["optimizer"]);
  const ended = run.endedAt === null ? undefined : (Date.parse(run.endedAt) - Date.parse(run.startedAt)) / 1000;
  const time =
    ended === undefined ? "" : `, ${ended < 120 ? `${ended.toFixed(0)} s` : `${(ended / 60).toFixed(0)} min`}`;
  return [
    ...fact({ en: "Run:", zh: "运行：" }, `${run.id}, ${run.name}`),
    ...fact({ en: "Data:", zh: "数据：" }, describeImages(fieldsOf(data), shown(fieldsOf(network)["data"]))),
    ...fact({ en: "Recipe:", zh: "训练配方：" }, listFields(rates, new Set(["optimizer"]))),
    ...fact({ en: "Optimizer:", zh: "优化器：" }, listFields(optimizer, new Set())),
    ...fact(
      { en: "Date:", zh: "日期：" },
      {
        en: `${minute(run.startedAt)}${time}, ${run.steps} steps`,
        zh: `${minute(run.startedAt)}${time}，${run.steps} 步`,
      },
    ),
    ...fact({ en: "Machine:", zh: "机器：" }, describeMachine(run)),
    ...fact({ en: "Device:", zh: "设备：" }, shown(fieldsOf(run.environment)["device"])),
  ];
}
