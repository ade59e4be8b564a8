import type { JSX } from "preact";
import { colourWords, typeWords } from "../../../tasks/plates/words.ts";
import { say } from "../language.ts";
import { Straightened } from "./picture.tsx";
import type { ShownPlate } from "./read-service.ts";

/** A character is pointed out if it is less sure than this. */
const SURE = 0.9;
/** Texts less likely than this, against the first, are not told. */
const LEAST_RATIO = 0.001;

/** "98.7"; never 100 for what is not quite sure. */
const formatPercent = (share: number): string => (Math.floor(1000 * share) / 10).toFixed(1);

/** "98.7 %" */
export function formatShare(share: number): string {
  return `${formatPercent(share)} %`;
}

/** "blue, ordinary": what a plate's ground and kind are called. */
export function describePlateKind({ colour, type, rows }: ShownPlate): string {
  const all = [say(colourWords[colour]), say(typeWords[type])];
  if (rows === 2) all.push(say({ en: "two rows", zh: "双行" }));
  return all.join(say({ en: ", ", zh: "，" }));
}

/** Each character with its probability, and what else it may be. */
function Characters({ plate: { text, characters } }: { readonly plate: ShownPlate }): JSX.Element {
  const label = say({ en: `Characters of ${text}`, zh: `${text} 的各个字符` });
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={label}>
      <table class="characters">
        <tbody>
          <tr>
            <th scope="row">{say({ en: "read", zh: "读作" })}</th>
            {characters.map(({ character }, place) => (
              <td key={place} class="glyph">
                {character}
              </td>
            ))}
          </tr>
          <tr>
            <th scope="row">{say({ en: "sure, %", zh: "概率 %" })}</th>
            {characters.map(({ confidence }, place) => (
              <td key={place} class={confidence < SURE ? "weak" : ""}>
                {formatPercent(confidence)}
              </td>
            ))}
          </tr>
          <tr>
            <th scope="row">{say({ en: "or", zh: "其次" })}</th>
            {characters.map(({ alternatives }, place) => (
              <td key={place}>
                {alternatives.map(({ character, confidence }) => (
                  <span key={character} class="other">
                    {character} {formatPercent(confidence)}
                  </span>
                ))}
                {alternatives.length === 0 && "–"}
              </td>
            ))}
          </tr>
        </tbody>
      </table>
    </div>
  );
}

/** What was read on a plate, and how surely. */
export function PlatePanel({ plate, number }: { readonly plate: ShownPlate; readonly number: number }): JSX.Element {
  const { text, confidence, score } = plate;
  const others = plate.alternatives.filter(({ ratio }) => ratio >= LEAST_RATIO);
  return (
    <li class="panel plate">
      <h2>
        <span class="quiet">{number}</span> {text}
      </h2>
      <p class="quiet">{describePlateKind(plate)}</p>
      <Straightened plate={plate} />
      <dl class="figures">
        <div>
          <dt>{say({ en: "Weakest character", zh: "最弱的字符" })}</dt>
          <dd>{formatShare(confidence)}</dd>
        </div>
        <div>
          <dt>{say({ en: "Is a plate", zh: "是车牌" })}</dt>
          <dd>{formatShare(score)}</dd>
        </div>
      </dl>
      <Characters plate={plate} />
      {others.length > 0 && (
        <p class="quiet">
          {say({ en: "Other texts, against this one:", zh: "其他文本（相对于首选）：" })}{" "}
          {others.map(({ text: other, ratio }) => `${other} ${formatShare(ratio)}`).join(", ")}
        </p>
      )}
    </li>
  );
}
