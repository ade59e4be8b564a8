import { DOMParser } from "linkedom";
import { FormatError } from "../../tensor/errors.ts";
import { shorten } from "../../tensor/printable.ts";
import { escapeHtml } from "../words.ts";

/** Shapes and texts: nothing that loads, links, scripts, animates or holds HTML. */
const elements: ReadonlySet<string> = new Set(
  "svg g path rect circle ellipse line polyline polygon text tspan title desc".split(" "),
);

const numbers = /^[\d\s.,%eE+-]*$/;
const paint = /^(#[0-9a-fA-F]{3,8}|[a-zA-Z]{1,30})$/;
const word = /^[a-zA-Z][\w -]*$/;
const anything = /^/;
/** A declaration each: no parentheses (`url()`, `image()`), no escapes, no at-rules. */
const style =
  /^\s*((fill|stroke|opacity|fill-opacity|stroke-opacity|stroke-width|font-size|font-weight|text-anchor|paint-order)\s*:\s*[#\w .,%-]*(;\s*|$))*$/;

const geometry = "x y width height rx ry cx cy r x1 y1 x2 y2 dx dy viewBox points".split(" ");
const amounts =
  "opacity fill-opacity stroke-opacity stroke-width stroke-dasharray stroke-dashoffset font-size font-weight".split(
    " ",
  );
const keywords = "text-anchor dominant-baseline stroke-linecap stroke-linejoin role lang".split(" ");

/** What an attribute may say. One that is not here is refused, so are all of HTML's and SVG's events and links. */
const attributes: ReadonlyMap<string, RegExp> = new Map([
  ...geometry.map((name) => [name, numbers] as const),
  ...amounts.map((name) => [name, /^[\w\s.,%-]*$/] as const),
  ...keywords.map((name) => [name, word] as const),
  ["fill", paint],
  ["stroke", paint],
  ["d", /^[\s\d.,+\-eEa-zA-Z]*$/],
  ["transform", /^([a-zA-Z]+\([\d\s.,eE+-]*\)[\s,]*)*$/],
  ["font-family", /^[\w\s,'"-]*$/],
  // The page's script looks for classes of its own.
  ["class", /^(architecture|[a-z])$/],
  ["style", style],
  ["aria-label", anything],
  ["xmlns", /^http:\/\/www\.w3\.org\/2000\/svg$/],
]);

/** What is read of a parsed document. */
interface Parsed {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly textContent: string | null;
  readonly childNodes: ArrayLike<Parsed>;
  readonly attributes?: ArrayLike<{ readonly name: string; readonly value: string }>;
}

const [ELEMENT, TEXT] = [1, 3];
const DEEPEST = 50;

/**
 * A drawing rebuilt out of what is known to be harmless, whatever parser reads it next.
 *
 * @param where the file's name, for errors
 * @throws {FormatError} naming the first element or attribute that is not allowed
 */
export function rebuildDrawing(svg: string, where: string): string {
  const refuse = (what: string): never => {
    throw new FormatError(where, `holds a drawing with ${what}; a drawing may hold shapes and texts only`);
  };
  const write = (node: Parsed, depth: number): string => {
    if (depth > DEEPEST) return refuse(`more than ${DEEPEST} groups within each other`);
    if (node.nodeType === TEXT) return escapeHtml(node.textContent ?? "");
    if (node.nodeType !== ELEMENT) return refuse("comments, instructions or markup of another kind");
    const name = node.nodeName;
    if (!elements.has(name)) return refuse(`<${shorten(name)}>`);
    const written = Array.from(node.attributes ?? [], ({ name: key, value }) => {
      if (!(attributes.get(key)?.test(value) ?? false))
        return refuse(`${shorten(key)}="${shorten(value)}" on <${name}>`);
      return ` ${key}="${escapeHtml(value)}"`;
    });
    const inside = Array.from(node.childNodes, (child) => write(child, depth + 1)).join("");
    return inside === "" ? `<${name}${written.join("")}/>` : `<${name}${written.join("")}>${inside}</${name}>`;
  };
  const root: Parsed | null = new DOMParser().parseFromString(svg.trim(), "image/svg+xml").documentElement;
  if (root?.nodeName !== "svg") return refuse("no <svg>");
  return write(root, 0);
}
