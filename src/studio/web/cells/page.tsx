import { type Signal, signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import type { Dropped } from "../dropped.ts";
import { say } from "../language.ts";
import type { Limits } from "../../limits.ts";
import { ChooseFiles, DropZone } from "../parts/drop-zone.tsx";
import { saveFile } from "../save-file.ts";
import type { FindEvent, FoundCells } from "./find-job.ts";
import { CellPicture } from "./picture.tsx";
import { Corrections } from "./corrections.tsx";
import { cellsState, findCells, refuse } from "./state.ts";
import { CellTable } from "./table.tsx";
import { ThresholdSliders } from "./thresholds.tsx";
import { Tune } from "./tune.tsx";
import { tuneState } from "./tune-state.ts";
import { Problem } from "../parts/problem.tsx";
import { TypedInput } from "../parts/typed-input.tsx";

/** Side of a pixel in micrometres, as the reader says it; the file's if it is not said. */
const said: Signal<number | undefined> = signal(undefined);
const sizeLimits: Limits = { least: 0.000_001, most: 1000, isReal: true };

function take(dropped: Dropped): void {
  const files = "files" in dropped ? dropped.files : [];
  const [first] = files;
  if (first === undefined || files.length > 1) {
    refuse({
      en: "More than one file was dropped; drop one picture. residua predict takes whole folders.",
      zh: "拖入了不止一个文件；请拖入一幅图像。residua predict 可以处理整个文件夹。",
    });
    return;
  }
  said.value = undefined;
  void findCells(first.file);
}

function describeProgress(progress: FindEvent): Words {
  if (progress.kind === "loading") return { en: "Reading the picture …", zh: "正在读取图像……" };
  const percent = Math.round(100 * progress.share);
  return { en: `Looking for cells: ${percent} %`, zh: `正在寻找细胞：${percent} %` };
}

/** Of an even number of values, the mean of the middle two. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const last = sorted.length - 1;
  return (sorted[Math.floor(last / 2)] + sorted[Math.ceil(last / 2)]) / 2;
}

function Summary({
  found,
  pixelSize,
}: {
  readonly found: FoundCells;
  readonly pixelSize?: number | undefined;
}): JSX.Element {
  const { cells, height, width } = found;
  const side = pixelSize ?? 1;
  const unit = pixelSize === undefined ? "px²" : "µm²";
  const areas = cells.map(({ area }) => area * side ** 2);
  const covered = cells.reduce((sum, { area }) => sum + area, 0) / (height * width);
  return (
    <dl class="figures">
      <div>
        <dt>{say({ en: "Cells", zh: "细胞" })}</dt>
        <dd>{cells.length}</dd>
      </div>
      {cells.length > 0 && (
        <div>
          <dt>{say({ en: "Median area", zh: "面积中位数" })}</dt>
          <dd>
            {Number(median(areas).toPrecision(3))} {unit}
          </dd>
        </div>
      )}
      <div>
        <dt>{say({ en: "Covered", zh: "覆盖率" })}</dt>
        <dd>{(100 * covered).toFixed(1)} %</dd>
      </div>
    </dl>
  );
}

/** The encoders are more than the rest of this page. */
async function saveTable({ name, cells, channels }: FoundCells, pixelSize: number | undefined): Promise<void> {
  const { measurementTable } = await import("../../../tasks/segment/measurement-table.ts");
  const table = measurementTable({ image: name, cells, channels, ...(pixelSize === undefined ? {} : { pixelSize }) });
  saveFile(table, `${stemOf(name)}.csv`, "text/csv");
}

async function saveOutlines({ name, cells, outlines }: FoundCells, pixelSize: number | undefined): Promise<void> {
  const { outlinesToGeoJson } = await import("../../../tasks/segment/geojson.ts");
  const details = { measurements: cells, ...(pixelSize === undefined ? {} : { pixelSize }) };
  saveFile(
    `${JSON.stringify(outlinesToGeoJson(outlines, details))}\n`,
    `${stemOf(name)}.geojson`,
    "application/geo+json",
  );
}

/** A TIFF whose values are the cells' numbers, as `residua predict` writes it. */
async function saveLabels({ name, height, width, labels }: FoundCells): Promise<void> {
  const { encodeTiff } = await import("../../../tasks/segment/tiff.ts");
  const most = labels.reduce((highest, label) => Math.max(highest, label), 0);
  const values = most < 2 ** 16 ? Uint16Array.from(labels) : Uint32Array.from(labels);
  saveFile(encodeTiff({ height, width, values }), `${stemOf(name)}-labels.tif`, "image/tiff");
}

const stemOf = (name: string): string => name.replace(/\.[^.]*$/, "") || "cells";

function Scale({ pixelSize }: { readonly pixelSize: number | undefined }): JSX.Element {
  const refused = useSignal<Words | undefined>(undefined);
  const change = (text: string): void => {
    const typed = text === "" ? undefined : Number(text);
    const { least, most } = sizeLimits;
    if (typed !== undefined && !(typed >= least && typed <= most)) {
      refused.value = {
        en: `Micrometres per pixel was ${text}, must be a number from ${least} to ${most}.`,
        zh: `每像素微米数为 ${text}，必须是 ${least} 到 ${most} 的数。`,
      };
      return;
    }
    refused.value = undefined;
    said.value = typed;
  };
  return (
    <div class="settings">
      <label>
        {say({ en: "Micrometres per pixel", zh: "每像素微米数" })}
        <TypedInput
          type="number"
          step="any"
          name="pixelSize"
          value={pixelSize ?? ""}
          placeholder={say({ en: "unknown", zh: "未知" })}
          take={change}
        />
      </label>
      <Problem words={refused.value} />
    </div>
  );
}

function Found({
  found,
  selected,
}: {
  readonly found: FoundCells;
  readonly selected: number | undefined;
}): JSX.Element {
  const pixelSize = said.value ?? found.pixelSize;
  return (
    <div class="cells">
      <CellPicture found={found} selected={selected} />
      <section class="panel">
        <h2>{found.name}</h2>
        <Summary found={found} pixelSize={pixelSize} />
        <Scale pixelSize={pixelSize} />
        <p class="controls">
          <button type="button" onClick={() => void saveTable(found, pixelSize)}>
            {say({ en: "Download CSV", zh: "下载 CSV" })}
          </button>
          <button type="button" onClick={() => void saveOutlines(found, pixelSize)}>
            {say({ en: "Download GeoJSON", zh: "下载 GeoJSON" })}
          </button>
          <button type="button" onClick={() => void saveLabels(found)}>
            {say({ en: "Download labels", zh: "下载标签图" })}
          </button>
        </p>
        <ThresholdSliders found={found} />
        <Corrections found={found} selected={selected} />
        <CellTable cells={found.cells} selected={selected} pixelSize={pixelSize} />
      </section>
    </div>
  );
}

/** A picture in; its cells outlined, counted and measured. */
export function CellsPage(): JSX.Element {
  const { found, selected, progress, problem } = cellsState.value;
  return (
    <>
      <h1>{say({ en: "Count and measure cells", zh: "细胞计数与测量" })}</h1>
      <p class="quiet">
        {say({
          en: "A trained network of the package outlines every cell of a microscope picture, and tells touching ones apart. The picture stays on this device.",
          zh: "软件包中训练好的网络勾出显微图像中的每个细胞，并区分相互接触的细胞。图像不会离开本设备。",
        })}
      </p>
      <DropZone most={1} onDrop={(dropped) => void dropped.then(take)}>
        <p>
          {say({ en: "Drop a picture: TIFF of any depth, PNG, JPEG", zh: "拖入图像：任意位深的 TIFF、PNG、JPEG" })}{" "}
          <ChooseFiles
            label={say({ en: "Choose a picture", zh: "选择图像" })}
            name="picture"
            accept="image/*,.tif,.tiff"
            most={1}
            onChoose={take}
          />
        </p>
      </DropZone>
      <p role="status" class="quiet working">
        {progress === undefined ? "" : say(describeProgress(progress))}
      </p>
      <Problem words={problem} />
      {found !== undefined && <Found found={found} selected={selected} />}
      {(found !== undefined || tuneState.value.pictures.length > 0) && <Tune />}
    </>
  );
}
