import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Words } from "../../../report/words.ts";
import type { OngoingTraining } from "../../engine.ts";
import { findOngoing } from "../engines.ts";
import { say } from "../language.ts";
import { messageOf } from "../message.ts";
import { Problem } from "../parts/problem.tsx";
import { saveFile } from "../save-file.ts";
import type { Said } from "../../said.ts";

const MILLISECONDS_BETWEEN = 2000;

const networkOf = ({ choice }: OngoingTraining): string => `resnet${choice.depth}, ${choice.shortcut}`;

function describe(training: OngoingTraining): Words {
  const { name, classes, step, steps, isOver } = training;
  const network = networkOf(training);
  const how = isOver
    ? { en: "ended", zh: "已结束" }
    : step === undefined
      ? { en: "preparing", zh: "准备中" }
      : { en: `step ${step} of ${steps}`, zh: `第 ${step} 步，共 ${steps} 步` };
  return {
    en: `${network} on ${name} (${classes} classes): ${how.en}`,
    zh: `${network}，${name}（${classes} 个类别）：${how.zh}`,
  };
}

/** A button of one training; its accessible name says of which. */
function Act(props: {
  readonly words: Words;
  readonly training: OngoingTraining;
  readonly onClick: () => void;
}): JSX.Element {
  const words = say(props.words);
  const which = `${networkOf(props.training)}, ${props.training.name}`;
  return (
    <button
      type="button"
      aria-label={say({ en: `${words}: ${which}`, zh: `${words}：${which}` })}
      onClick={props.onClick}
    >
      {words}
    </button>
  );
}

function Training(props: {
  readonly training: OngoingTraining;
  /** Looks at the list once more. */
  readonly look: () => Promise<void>;
  readonly refuse: (why: Said) => void;
}): JSX.Element {
  const { training, look, refuse } = props;
  const { id, isOver, choice } = training;
  const ask = async (what: "stop" | "forget"): Promise<void> => {
    const ongoing = await findOngoing();
    await ongoing?.[what](id);
    await look();
  };
  const save = async (): Promise<void> => {
    const ongoing = await findOngoing();
    try {
      const trained = await ongoing?.follow(id, () => undefined).result;
      if (trained !== undefined) saveFile(trained.onnx, `resnet${choice.depth}.onnx`, "application/octet-stream");
    } catch (error) {
      refuse(messageOf(error));
    }
  };
  return (
    <li>
      <span>{say(describe(training))}</span>{" "}
      {isOver ? (
        <>
          <Act words={{ en: "Download ONNX", zh: "下载 ONNX" }} training={training} onClick={() => void save()} />{" "}
          <Act words={{ en: "Discard", zh: "放弃" }} training={training} onClick={() => void ask("forget")} />
        </>
      ) : (
        <Act words={{ en: "Stop", zh: "停止" }} training={training} onClick={() => void ask("stop")} />
      )}
    </li>
  );
}

/**
 * The server's trainings that other tabs began, or tabs that are gone.
 *
 * @param props.own the one that the page shows in full
 */
export function Ongoing({ own }: { readonly own: string | undefined }): JSX.Element | null {
  const trainings = useSignal<readonly OngoingTraining[]>([]);
  const problem = useSignal<Said | undefined>(undefined);
  const look = async (): Promise<void> => {
    const ongoing = await findOngoing();
    // A server that is gone has none.
    trainings.value = (await ongoing?.list().catch(() => [])) ?? [];
  };
  useEffect(() => {
    void look();
    const timer = setInterval(() => document.visibilityState === "visible" && void look(), MILLISECONDS_BETWEEN);
    return () => clearInterval(timer);
  }, []);
  const others = trainings.value.filter(({ id }) => id !== own);
  if (others.length === 0) return null;
  return (
    <section class="panel ongoing" aria-label={say({ en: "Other trainings of the server", zh: "服务器的其他训练" })}>
      <p>
        {say({
          en: "Trainings of other tabs, or of tabs that were closed: they go on in the server. Of those that have ended, it keeps the last four; one that failed leaves first.",
          zh: "其他标签页或已关闭的标签页的训练：它们在服务器中继续。已结束的训练，服务器保留最后四个，失败的先移除。",
        })}
      </p>
      <ul>
        {others.map((training) => (
          <Training key={training.id} training={training} look={look} refuse={(why) => (problem.value = why)} />
        ))}
      </ul>
      <Problem words={problem.value} />
    </section>
  );
}
