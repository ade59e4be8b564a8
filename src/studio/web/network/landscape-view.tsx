import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { randomPlaneFigures } from "../../../lab/landscape/report.ts";
import type { Figure } from "../../../report/figures.ts";
import { inLanguage, type Language } from "../../../report/words.ts";
import { language, say } from "../language.ts";
import { describeTimeLeft, describeDuration } from "../time-left.ts";
import { landscapeGrid, landscapePoints, summarizePlane, toPlane } from "./landscape-grid.ts";
import type { OpenedStudy } from "./study-service.ts";
import { forgetSurvey, stopSurvey, type StudyState, survey, type SurveyState } from "./study-state.ts";

/** A drawing has both languages in it: keeps the reader's, as a report's page does by its style. */
function keepLanguage(drawing: Element, own: Language): void {
  for (const other of drawing.querySelectorAll(`[lang]:not([lang="${own}"])`)) other.remove();
  if (own !== "zh") return;
  for (const title of drawing.querySelectorAll<SVGTitleElement>("title[data-zh]"))
    title.textContent = title.dataset["zh"] ?? "";
}

/** Puts a drawing into the page, whose policy allows no styles in markup: they are set one by one, and sheets are left out. */
function insert(element: HTMLElement, svg: string): void {
  element.innerHTML = svg.replaceAll(/<style[^>]*>[^<]*<\/style>/g, "").replaceAll(/ style="/g, ' data-style="');
  for (const styled of element.querySelectorAll<SVGElement>("[data-style]"))
    styled.style.cssText = styled.dataset["style"] ?? "";
  // The drawing is read as one picture, with its caption.
  for (const part of element.querySelectorAll("svg [aria-label]")) part.removeAttribute("aria-label");
}

/** Draws a figure as reports do; what draws is loaded when it is first needed. */
async function draw(figure: Figure, element: HTMLElement, own: Language): Promise<void> {
  const { drawContour, drawSurfaceFigure } = await import("../../../report/drawing/plane.ts");
  const room = Math.max(320, Math.min(640, element.clientWidth));
  if (figure.kind === "contour") insert(element, drawContour(figure, document, room));
  else if (figure.kind === "surface") insert(element, drawSurfaceFigure(figure));
  else return;
  const svg = element.querySelector("svg");
  svg?.setAttribute("aria-label", inLanguage(figure.caption, own));
  keepLanguage(element, own);
  if (figure.kind === "surface") {
    const { setUpSurfaces } = await import("../../../report/web/turn.ts");
    setUpSurfaces(element);
  }
}

function Drawing({ figure }: { readonly figure: Figure }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const own = language.value;
  useEffect(() => {
    if (place.current !== null) void draw(figure, place.current, own);
  }, [figure, own]);
  return (
    <figure class="drawing">
      <div ref={place} />
      <figcaption class="quiet">{say(figure.caption)}</figcaption>
    </figure>
  );
}

function Whole({ measured, opened, name }: SurveyProps & { readonly measured: SurveyState["measured"] }): JSX.Element {
  const plane = toPlane(measured);
  const images = Math.min(opened.count, landscapeGrid.mostImages);
  const figures = randomPlaneFigures(plane);
  return (
    <>
      {summarizePlane(name, plane, images).sentences.map((sentence) => (
        <p key={sentence.en}>{say(sentence)}</p>
      ))}
      {figures.length === 0 && (
        <p class="problem">
          {say({
            en: "The loss is not a finite number everywhere on the plane, so it cannot be drawn.",
            zh: "平面上有些点的损失不是有限数，因此无法绘制。",
          })}
        </p>
      )}
      {figures.map((figure) => (
        <Drawing key={figure.name} figure={figure} />
      ))}
      <p class="quiet">
        {say({
          en: `${landscapeGrid.side} × ${landscapeGrid.side} points on ${images} images: a rough picture, which residua landscape draws finer, with the line and the path of training. Random directions leave biases and batch norms unchanged; seed ${landscapeGrid.seed}. After Li et al. 2018, arXiv:1712.09913.`,
          zh: `${landscapeGrid.side} × ${landscapeGrid.side} 个点，${images} 张图像：这只是粗略的图，residua landscape 画得更细，并带直线和训练轨迹。随机方向上不移动偏置与批归一化参数；种子 ${landscapeGrid.seed}。方法见 Li 等 2018，arXiv:1712.09913。`,
        })}{" "}
        {opened.isFolded &&
          say({
            en: "The file's batch norms are folded into its convolutions, so that its filters are not those that were trained.",
            zh: "文件中的批归一化已并入卷积，因此其滤波器与训练时的不同。",
          })}
      </p>
    </>
  );
}

interface SurveyProps {
  readonly opened: OpenedStudy;
  /** The network's. */
  readonly name: string;
}

/** Seconds that a point takes beside its images: its graph is built anew. */
const buildSeconds = 0.2;

function Running({ landscape }: { readonly landscape: SurveyState }): JSX.Element {
  const { measured, isRunning, secondsEach } = landscape;
  const [done, all] = [measured.length, landscapePoints.length];
  const left = secondsEach === undefined ? undefined : describeTimeLeft(secondsEach * (all - done));
  return (
    <>
      <progress max={all} value={done} aria-label={say({ en: "Points measured", zh: "已测量的点" })} />
      <p class="quiet" role="status">
        {say({ en: `Point ${done} of ${all}`, zh: `第 ${done} 个点，共 ${all} 个` })}
        {isRunning && left !== undefined && say({ en: ", ", zh: "，" }) + say(left)}
      </p>
      <p class="ways">
        {isRunning ? (
          <button type="button" onClick={stopSurvey}>
            {say({ en: "Stop", zh: "停止" })}
          </button>
        ) : (
          <button type="button" onClick={() => void survey()}>
            {say({ en: "Go on", zh: "继续" })}
          </button>
        )}{" "}
        {!isRunning && (
          <button type="button" onClick={forgetSurvey}>
            {say({ en: "Discard", zh: "放弃" })}
          </button>
        )}
      </p>
    </>
  );
}

/** The loss around the network, on a small plane of two random directions. */
export function Landscape({ state, ...props }: SurveyProps & { readonly state: StudyState }): JSX.Element {
  const { landscape, wholeSeconds } = state;
  const { opened } = props;
  const images = Math.min(opened.count, landscapeGrid.mostImages);
  const seconds =
    wholeSeconds === undefined
      ? undefined
      : landscapePoints.length * (buildSeconds + (wholeSeconds * images) / opened.count);
  const about = seconds === undefined ? undefined : describeDuration(seconds);
  return (
    <section>
      <h3>{say({ en: "The loss around it", zh: "周围的损失" })}</h3>
      {landscape === undefined ? (
        <>
          <p class="quiet">
            {say({
              en: "How steeply the loss rises when all filters change at once, along two random directions in units of each filter's own norm.",
              zh: "所有滤波器同时改变时，损失上升得有多陡：沿两个随机方向，以每个滤波器自身的大小为单位。",
            })}
          </p>
          <p class="ways">
            <button type="button" onClick={() => void survey()}>
              {say({ en: "Measure the landscape", zh: "测量损失曲面" })}
            </button>{" "}
            <span class="quiet">
              {say({
                en: `${landscapePoints.length} points on ${images} images`,
                zh: `${landscapePoints.length} 个点，${images} 张图像`,
              })}
              {about !== undefined && say({ en: ", ", zh: "，" }) + say(about)}
            </span>
          </p>
        </>
      ) : landscape.measured.length === landscapePoints.length ? (
        <Whole {...props} measured={landscape.measured} />
      ) : (
        <Running landscape={landscape} />
      )}
    </section>
  );
}
