import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren, JSX, RefObject } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Words } from "../../../report/words.ts";
import { say } from "../language.ts";

const idOf = (screen: number): string => `screen-${screen}`;

/** One screen of the lesson: predict, do, see, say. */
export function Screen(props: {
  readonly number: number;
  readonly title: Words;
  readonly children: ComponentChildren;
}): JSX.Element {
  const { number, title, children } = props;
  const id = idOf(number);
  return (
    <section class="screen" id={id} aria-labelledby={`${id}-title`} tabIndex={-1}>
      <p class="number" aria-hidden="true">
        {number}
      </p>
      <h2 id={`${id}-title`}>{say(title)}</h2>
      {children}
    </section>
  );
}

/** A question before the figure answers it. */
export interface Question {
  readonly ask: Words;
  readonly choices: readonly Words[];
  /** The place of the right choice; undefined if the figure tells. */
  readonly right: number | undefined;
  /** Said once a choice was made. */
  readonly answer: Words;
}

/** A guess before the figure answers; it may be changed. */
export function Bet({ question, onBet }: { readonly question: Question; readonly onBet?: () => void }): JSX.Element {
  const chosen = useSignal<number | undefined>(undefined);
  const { ask, choices, right, answer } = question;
  const markOf = (place: number): string => {
    if (chosen.value === undefined || right === undefined) return "";
    if (place === right) return "right";
    return place === chosen.value ? "wrong" : "";
  };
  const choose = (place: number): void => {
    chosen.value = place;
    onBet?.();
  };
  const id = useId();
  return (
    <div class="bet" role="group" aria-labelledby={id}>
      <p class="ask" id={id}>
        {say(ask)}
      </p>
      <div class="choices">
        {choices.map((choice, place) => (
          <button
            key={place}
            type="button"
            aria-pressed={chosen.value === place}
            class={markOf(place)}
            onClick={() => choose(place)}
          >
            {say(choice)}
            {markOf(place) === "right" && <span aria-label={say({ en: "right", zh: "正确" })}> ✓</span>}
          </button>
        ))}
      </div>
      <p class="answer" aria-live="polite">
        {chosen.value === undefined ? "" : say(answer)}
      </p>
    </div>
  );
}

/** What is to be kept of a screen. */
export function Say({ words }: { readonly words: Words }): JSX.Element {
  return <p class="say">{say(words)}</p>;
}

/** Where numbers come from. */
export function Source({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <p class="source">{children}</p>;
}

/** A slider with its value beside its name. */
export function Slider(props: {
  readonly label: Words;
  readonly value: Signal<number>;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly text?: (value: number) => string;
}): JSX.Element {
  const { label, value, min, max, step, text = String } = props;
  return (
    <label class="slider">
      <span>
        {say(label)} <span class="amount">{text(value.value)}</span>
      </span>
      <input
        type="range"
        min={min}
        max={max}
        step={step}
        value={value.value}
        aria-valuetext={text(value.value)}
        onInput={({ currentTarget }) => (value.value = Number(currentTarget.value))}
      />
    </label>
  );
}

/** One of a few, as a row of buttons that the arrow keys walk. */
export function Choice<Value extends string | number>(props: {
  readonly label: Words;
  readonly value: Signal<Value>;
  readonly choices: readonly (readonly [value: Value, name: Words])[];
  readonly disabled?: boolean;
}): JSX.Element {
  const { label, value, choices, disabled = false } = props;
  const name = useId();
  return (
    <fieldset class="choice" disabled={disabled}>
      <legend>{say(label)}</legend>
      <div>
        {choices.map(([each, title]) => (
          <label key={each}>
            <input type="radio" name={name} checked={value.value === each} onChange={() => (value.value = each)} />
            <span>{say(title)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** The width in pixels that an element has been given; 0 before it is known. */
export function useWidth(): { readonly ref: RefObject<HTMLDivElement | null>; readonly width: number } {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(ref.current!);
    return () => observer.disconnect();
  }, []);
  return { ref, width };
}

/** Starts loading what a screen needs once the reader is near it: the page's first load holds only what is looked at first. */
export function useWhenNear(screen: number, load: () => void): void {
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        observer.disconnect();
        load();
      },
      // A screen's height ahead.
      { rootMargin: "100% 0px" },
    );
    observer.observe(document.getElementById(idOf(screen))!);
    return () => observer.disconnect();
  }, []);
}

/** Whether the reader asked for less movement. */
export function prefersStillness(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
