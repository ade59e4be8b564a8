import { median } from "simple-statistics";
import { shortcutExplanations, shortcutTypes } from "../../nn/shortcuts/type.ts";
import { type Comparison, type ComparisonCell, groupCells, summarize } from "../comparison.ts";
import { escapeHtml, type PageSection, renderPage, renderTable } from "../page.ts";
import { drawAccuracy, drawCurves, shortcutColors } from "./figures.ts";

const figure = (svg: string, caption: string): string =>
  `<figure>${svg}<figcaption>${escapeHtml(caption)}</figcaption></figure>`;

function renderLegend({ runs }: Comparison): string {
  const present = shortcutTypes.filter((type) => runs.some(({ shortcut }) => shortcut === type));
  return `<p class="legend">${present.map((type) => `<span><i style="background:${shortcutColors[type]}"></i>${type}</span>`).join("")}</p>`;
}

function cellRow({ depth, shortcut, runs }: ComparisonCell): readonly string[] {
  const [first] = runs;
  const middle = (pick: (run: (typeof runs)[number]) => number): number => median(runs.map(pick));
  return [
    String(depth),
    shortcut,
    first.parameters.toLocaleString("en-US"),
    `${(first.multiplyAdds / 1e6).toFixed(1)} M`,
    `${(100 * middle(({ testAccuracy }) => testAccuracy)).toFixed(2)} %`,
    middle(({ trainLoss }) => trainLoss).toFixed(3),
    Number(middle(({ firstLayerGradientNorm }) => firstLayerGradientNorm).toPrecision(3)).toLocaleString("en-US"),
    middle(({ imagesPerSecond }) => imagesPerSecond).toFixed(0),
    runs.every(({ status }) => status === "done") ? "done" : runs.map(({ status }) => status).join(", "),
  ];
}

const header = [
  "depth",
  "shortcut",
  "parameters",
  "multiply-adds",
  "test accuracy",
  "final loss",
  "first-layer gradient norm",
  "images/s",
  "status",
];

/** The comparison as one page with its pictures inside. */
export function renderComparison(comparison: Comparison): string {
  const { settings, runs } = comparison;
  const legend = renderLegend(comparison);
  const types = shortcutTypes.filter((type) => runs.some(({ shortcut }) => shortcut === type));
  const sections: readonly PageSection[] = [
    {
      heading: "Test accuracy",
      body:
        legend +
        figure(
          drawAccuracy(runs),
          `Share of ${settings.testImages} test images classified right after ${settings.steps} steps. A dot is one seed.`,
        ),
    },
    {
      heading: "Training loss",
      body: legend + figure(drawCurves(runs, "loss", "loss", false), "Loss on the training batches, step by step."),
    },
    {
      heading: "Gradient at the first layer",
      body:
        legend +
        figure(
          drawCurves(runs, "firstLayerGradientNorm", "gradient norm", true),
          "Norm of the loss's gradient by the first convolution's weight; logarithmic. What reaches it has passed every block.",
        ),
    },
    { heading: "Numbers", body: renderTable(header, groupCells(runs).map(cellRow)) },
    {
      heading: "What the types mean",
      body: `<p>A block computes y = act(F(x) + S(x)). The shortcut type is what S is.</p><ul>${types
        .map((type) => `<li><b>${type}</b>: ${escapeHtml(shortcutExplanations[type])}</li>`)
        .join("")}</ul>`,
    },
    {
      heading: "How it was run",
      body: `<p class="quiet">${escapeHtml(
        `${settings.data}, ${settings.trainImages} training images, ${settings.epochs} epoch(s), ${settings.steps} steps of ${settings.batchSize} images, ` +
          `${settings.optimizer}, ${settings.schedule} to ${settings.learningRate}; evaluated on ${settings.testImages} test images; ${settings.lowering} lowering.`,
      )}</p>`,
    },
  ];
  return renderPage("What the shortcut type does", summarize(comparison), sections);
}
