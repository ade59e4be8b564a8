import { onDevice } from "../../report/on-device.ts";
import { palette } from "../../report/colors.ts";
import type { Figure } from "../../report/figures.ts";
import type { Report } from "../../report/report.ts";
import { phrase, type Words } from "../../report/words.ts";
import { type AdviceStudy, describeEffect, nameOrder } from "./measured.ts";
import { type AdviceKind, adviceNames } from "./advice.ts";

const kindWords: Readonly<Record<AdviceKind, Words>> = {
  change: { en: "change", zh: "修改" },
  consider: { en: "consider", zh: "考虑" },
  keep: { en: "keep", zh: "保持" },
};

const nameOf = (id: string): Words => adviceNames[id] ?? id;

function effectFigures({ measured }: AdviceStudy): readonly Figure[] {
  const told = measured?.effects.filter(({ gain }) => !Number.isNaN(gain)) ?? [];
  if (measured === undefined || told.length === 0) return [];
  return [
    {
      kind: "dots",
      name: "effects",
      caption: {
        en: "Change in test accuracy from following each suggestion in short training runs with equal seeds: the mean with its 95 % interval (Student's t), and the single seeds. Above 0 is better.",
        zh: "在使用相同种子的短训练中，遵循每条建议后测试准确率的变化：均值及其 95 % 置信区间（学生 t 分布），旁边为各个种子。大于 0 表示更好。",
      },
      value: { label: { en: "change in accuracy, points", zh: "准确率变化（百分点）" } },
      dots: told.map(({ id, gain, interval, runs }) => ({
        category: nameOf(id),
        color: palette[0],
        value: 100 * gain,
        ...(interval === undefined ? {} : { low: 100 * interval[0], high: 100 * interval[1] }),
        samples: runs.flatMap(({ seed, accuracy }) => {
          const own = measured.base.find((run) => run.seed === seed);
          const gained = 100 * (accuracy - (own?.accuracy ?? Number.NaN));
          return Number.isNaN(gained) ? [] : [gained];
        }),
      })),
    },
  ];
}

/** The advice as a page. */
export function reportAdvice(study: AdviceStudy): Report {
  const { measured, advice } = study;
  const effectOf = (id: string): Words => {
    const effect = measured?.effects.find((known) => known.id === id);
    return effect === undefined ? "–" : describeEffect(effect);
  };
  const changes = advice.filter(({ kind }) => kind === "change");
  return {
    title: phrase({ en: "Advice on ", zh: "关于以下网络的建议：" }, study.title),
    lead:
      changes.length === 0
        ? [{ en: "Nothing needs to be changed.", zh: "无需修改。" }]
        : changes.map(({ text }) => text),
    sections: [
      {
        heading: { en: "By rule", zh: "依据规则" },
        parts: [
          {
            kind: "table",
            name: "advice",
            caption: {
              en: `${study.title}: ${study.depth} layers, ${study.blocks} blocks${nameOrder(study).en}.`,
              zh: `${study.title}：${study.depth} 层，${study.blocks} 个块${nameOrder(study).zh}。`,
            },
            columns: [
              { title: { en: "what to do", zh: "做法" } },
              { title: { en: "advice", zh: "建议" } },
              { title: { en: "evidence", zh: "依据" } },
              { title: { en: "source", zh: "来源" } },
              ...(measured === undefined ? [] : [{ title: { en: "measured", zh: "实测" } }]),
            ],
            rows: advice.map(({ id, kind, text, evidence, source }) => [
              kindWords[kind],
              phrase(nameOf(id), { en: ": ", zh: "：" }, text),
              evidence,
              source,
              ...(measured === undefined ? [] : [effectOf(id)]),
            ]),
          },
        ],
      },
      ...(measured === undefined
        ? []
        : [
            {
              heading: { en: "By short measurement", zh: "短时测量" },
              parts: [
                ...effectFigures(study),
                {
                  kind: "note" as const,
                  text: {
                    en: `${measured.data}, ${measured.steps} steps of ${measured.batch} images, seeds ${measured.base.map(({ seed }) => seed).join(", ")}, tested on ${measured.testImages} images${onDevice(measured).en}. A run this short shows what eases the start, not where a long one ends.`,
                    zh: `${measured.data}，${measured.steps} 步，每步 ${measured.batch} 张图像，种子 ${measured.base.map(({ seed }) => seed).join("、")}，在 ${measured.testImages} 张图像上测试${onDevice(measured).zh}。如此短的训练只能说明起步是否更容易，而不能说明长时间训练的结果。`,
                  },
                },
              ],
            },
          ]),
    ],
  };
}
