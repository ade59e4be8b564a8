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

function describe({ name, choice, classes, step, steps, isOver }: OngoingTraining): Words {
  const network = `resnet${choice.depth}, ${choice.shortcut}`;
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
          <button type="button" onClick={() => void save()}>
            {say({ en: "Download ONNX", zh: "下载 ONNX" })}
          </button>{" "}
          <button type="button" onClick={() => void ask("forget")}>
            {say({ en: "Discard", zh: "放弃" })}
          </button>
        </>
      ) : (
        <button type="button" onClick={() => void ask("stop")}>
          {say({ en: "Stop", zh: "停止" })}
        </button>
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
