import type { JSX } from "preact";
import { lessonQuestions } from "../../lessons/questions.ts";
import { raceSettings } from "../../lessons/race.ts";
import { say } from "../language.ts";
import { addressOf } from "../route.ts";
import { Bet } from "./parts.tsx";

/** The same networks, seed and steps on the page that compares. */
const { steps, batch, rate } = raceSettings;
const comparison = `networks=plain-20,pad-20,plain-56,pad-56&seed=0&steps=${steps}&batch=${batch}&rate=${rate}`;

/** Four questions, and where to go on. */
export function Quiz(): JSX.Element {
  return (
    <section class="screen" aria-labelledby="quiz-title">
      <h2 id="quiz-title">{say({ en: "Say it yourself", zh: "换你来说" })}</h2>
      {lessonQuestions.map((question, place) => (
        <Bet key={place} question={question} />
      ))}
      <p>
        <a class="button" href={addressOf("compare", comparison)}>
          {say({ en: "Compare networks with these settings", zh: "用同样的设置比较网络" })}
        </a>
      </p>
    </section>
  );
}
