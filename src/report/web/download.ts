/** What a picture takes from the page that shows it. */
const styles = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-opacity",
  "stroke-width",
  "stroke-dasharray",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
  "image-rendering",
];
const SCALE = 2;

function saveAs(name: string, address: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

function saveText(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  saveAs(name, address);
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** The picture by itself, as it is shown now: its language, its colours, its background. */
function standaloneSvg(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = [svg, ...svg.querySelectorAll("*")];
  const copies = [copy, ...copy.querySelectorAll("*")];
  originals.forEach((original, index) => {
    const style = getComputedStyle(original);
    const target = copies[index];
    if (style.display === "none" || target.tagName === "style") return target.remove();
    for (const name of styles) target.setAttribute(name, style.getPropertyValue(name));
    for (const name of ["class", "style", "data-grid", "data-surface"]) target.removeAttribute(name);
    if (style.imageRendering === "pixelated") target.setAttribute("style", "image-rendering:pixelated");
  });
  const background = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const holder = svg.closest("figure") ?? document.body;
  for (const [name, value] of Object.entries({
    width: "100%",
    height: "100%",
    fill: getComputedStyle(holder).backgroundColor,
  })) {
    background.setAttribute(name, value);
  }
  copy.prepend(background);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return new XMLSerializer().serializeToString(copy);
}

async function savePng(name: string, svg: SVGSVGElement): Promise<void> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standaloneSvg(svg))}`;
  await image.decode();
  const { width, height } = svg.viewBox.baseVal;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [SCALE * width, SCALE * height];
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  saveAs(name, canvas.toDataURL("image/png"));
}

/** The buttons below the figures. */
export function setUpDownloads(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>("button[data-save]") : null;
    const figure = button?.closest("figure");
    if (!button || !figure) return;
    // The one that is shown: there is another for phones.
    const svg = [...figure.querySelectorAll<SVGSVGElement>(".picture > svg")].find(
      ({ parentElement }) => (parentElement?.getClientRects().length ?? 0) > 0,
    );
    const save = button.dataset["save"];
    if (save === "csv") {
      // Spreadsheets take the mark for "this is UTF-8".
      saveText(`${figure.id}.csv`, "text/csv", `\uFEFF${figure.dataset["csv"] ?? ""}`);
    }
    if (save === "svg" && svg) saveText(`${figure.id}.svg`, "image/svg+xml", standaloneSvg(svg));
    if (save === "png" && svg) void savePng(`${figure.id}.png`, svg);
  });
}
