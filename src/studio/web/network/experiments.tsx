import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Words } from "../../../report/words.ts";
import { imageLimits } from "../../pictures/image-limits.ts";
import { showShare } from "../../share.ts";
import type { Dropped } from "../dropped.ts";
import { say } from "../language.ts";
import { sayAny } from "../message.ts";
import { CutButtons } from "../parts/cut-buttons.tsx";
import { ChooseFiles, DropZone } from "../parts/drop-zone.tsx";
import { Problem } from "../parts/problem.tsx";
import { Strip, StripLegend } from "../parts/strip.tsx";
import { toSource } from "../train/image-source.ts";
import type { DescribeInput } from "./describe-job.ts";
import { Landscape } from "./landscape-view.tsx";
import type { CutResult, FlowResult, LookedAt, OpenedStudy } from "./study-service.ts";
import {
  follow,
  look,
  openStudy,
  refuseImages,
  restoreAll,
  type StudyState,
  studyState,
  toggleBlock,
  undoCut,
} from "./study-state.ts";

const most = imageLimits.files;

interface ExperimentsProps {
  readonly input: DescribeInput;
  /** Whether the network has learnt anything. */
  readonly hasWeights: boolean;
  readonly name: string;
}

/** Offers what a network can be tried on. */
function Begin({ input, hasWeights }: Omit<ExperimentsProps, "name">): JSX.Element {
  const take = (dropped: Dropped): void => {
    const source = toSource(dropped, refuseImages);
    if (source !== undefined) void openStudy(input, source);
  };
  return (
    <>
      <p>
        {hasWeights
          ? say({
              en: "Cut blocks out and see what the network still knows, measure the gradient of a first step, and see where it looks. It runs in this page.",
              zh: "切除几个块，看网络还认得什么；测量第一步的梯度；看它关注哪里。全部在本页中运行。",
            })
          : say({
              en: "Measure the gradient of a first step. A network by its name has learnt nothing yet: to cut blocks out, drop a file with trained weights.",
              zh: "测量第一步的梯度。按名称选择的网络还没有学过东西；要切除块，请拖入含训练好的权重的文件。",
            })}
      </p>
      <p class="ways">
        <button type="button" onClick={() => void openStudy(input)}>
          {say({ en: "Try it on the built-in digits", zh: "用内置数字试一试" })}
        </button>
      </p>
      <DropZone most={most} onDrop={(dropped) => void dropped.then(take)}>
        <p>
          {say({
            en: "Or drop images of its classes, one folder per class",
            zh: "或拖入它的各类图像，每个类别一个文件夹",
          })}{" "}
          <ChooseFiles
            label={say({ en: "Choose a folder of images", zh: "选择图像文件夹" })}
            name="tried-folder"
            isFolder
            most={most}
            onChoose={take}
          />{" "}
          <ChooseFiles
            label={say({ en: "Choose a zip file of images", zh: "选择图像 zip 文件" })}
            name="tried-zip"
            accept=".zip"
            most={most}
            onChoose={take}
          />
        </p>
      </DropZone>
    </>
  );
}

function About({ opened }: { readonly opened: OpenedStudy }): JSX.Element {
  const { images, count, given, leftOut } = opened;
  const [first] = leftOut;
  return (
    <p class="quiet">
      {say(images)}
      {count < given
        ? say({ en: `: ${count} of ${given}, evenly`, zh: `：${given} 张中均匀取 ${count} 张` })
        : say({ en: `: ${count}`, zh: `：${count} 张` })}
      {first !== undefined &&
        say({
          en: `; ${leftOut.length} left out, such as ${first.path}: `,
          zh: `；略去 ${leftOut.length} 个，例如 ${first.path}：`,
        }) + sayAny(first.why)}
    </p>
  );
}

function Right({ title, result }: { readonly title: Words; readonly result: CutResult | undefined }): JSX.Element {
  return (
    <div>
      <dt>{say(title)}</dt>
      <dd>{result === undefined ? "…" : showShare(result.correct, result.count)}</dd>
    </div>
  );
}

/** Blocks as buttons; what the network gets right with and without them. */
function Lesion({ state, opened }: { readonly state: StudyState; readonly opened: OpenedStudy }): JSX.Element {
  const { removed, before, whole, cut } = state;
  const { blocks } = opened;
  const count = removed.length;
  return (
    <section>
      <h3>{say({ en: "Cut blocks out", zh: "切除块" })}</h3>
      <p class="quiet">
        {blocks.some(({ isRemovable }) => isRemovable)
          ? say({
              en: "Click a block, here or in the chain: its residual is removed, and what its shortcut carries is all that passes.",
              zh: "在这里或链条中点击一个块：它的残差分支被移除，只剩快捷连接传递的内容。",
            })
          : say({
              en: "The network has no residual blocks and no block that keeps its shape: nothing can be cut out.",
              zh: "该网络没有残差块，也没有形状不变的块：没有可切除的内容。",
            })}
      </p>
      <CutButtons
        title={{ en: "Blocks", zh: "块" }}
        blocks={blocks}
        removed={removed}
        reason={{ en: "It changes the shape without a shortcut.", zh: "它改变形状且没有快捷连接。" }}
        show={(name) => name}
        toggle={toggleBlock}
      />
      <dl class="figures" aria-live="polite">
        <Right title={{ en: "Right, whole network", zh: "完整网络的正确率" }} result={whole} />
        {count > 0 && (
          <Right
            title={{
              en: `Right, without ${count === 1 ? "1 block" : `${count} blocks`}`,
              zh: `切除 ${count} 个块后的正确率`,
            }}
            result={cut}
          />
        )}
      </dl>
      <p class="ways">
        <button type="button" disabled={before.length === 0} onClick={undoCut}>
          {say({ en: "Undo", zh: "撤销" })}
        </button>{" "}
        <button type="button" disabled={count === 0} onClick={restoreAll}>
          {say({ en: "Put all back", zh: "全部放回" })}
        </button>
      </p>
    </section>
  );
}

function Gradient({ flow, opened }: { readonly flow: FlowResult; readonly opened: OpenedStudy }): JSX.Element {
  const { places, batch, verdict } = flow;
  const isBlocks = places.length === opened.blocks.length;
  return (
    <>
      <Strip norms={places.map(({ gradient }) => gradient)} count={places.length} cell={isBlocks ? "block" : "layer"} />
      <StripLegend
        words={
          isBlocks
            ? {
                en: "Each cell is a block; colour: norm of the gradient of its first layer,",
                zh: "每格一个块；颜色：其第一层梯度的范数，",
              }
            : { en: "Each cell is a layer; colour: norm of its gradient,", zh: "每格一层；颜色：其梯度的范数，" }
        }
      />
      <p>{say(verdict)}</p>
      <p class="quiet">
        {say({ en: `One step of ${batch} images.`, zh: `一步，${batch} 张图像。` })}{" "}
        {!opened.isTrained &&
          say({ en: "The weights are those of seed 0, untrained.", zh: "权重为种子 0 的初始值，未经训练。" })}
        {opened.isFolded &&
          say({
            en: "The file's batch norms are folded into its convolutions, so that the gradient is not the one that its training had.",
            zh: "文件中的批归一化已并入卷积，因此梯度与训练时的不同。",
          })}
      </p>
    </>
  );
}

function Looked({ looked }: { readonly looked: LookedAt }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { height, width, map, label, found, probability } = looked;
  useEffect(() => {
    canvas.current?.getContext("2d")?.putImageData(new ImageData(map, width, height), 0, 0);
  }, [map]);
  const share = `${(100 * probability).toFixed(0)} %`;
  return (
    <figure>
      <canvas
        ref={canvas}
        width={width}
        height={height}
        role="img"
        aria-label={say({ en: `An image of ${label}, with the map over it`, zh: `类别 ${label} 的图像，叠有热图` })}
      />
      <figcaption>
        {label === found
          ? say({ en: `${found}, ${share}`, zh: `${found}，${share}` })
          : say({ en: `${label}, taken for ${found}, ${share}`, zh: `${label}，误作 ${found}，${share}` })}
      </figcaption>
    </figure>
  );
}

function Opened({
  state,
  opened,
  name,
}: {
  readonly state: StudyState;
  readonly opened: OpenedStudy;
  readonly name: string;
}): JSX.Element {
  const { flow, isFollowing = false, looks, isLooking = false } = state;
  return (
    <>
      <About opened={opened} />
      {opened.isTrained && <Lesion state={state} opened={opened} />}
      <section>
        <h3>{say({ en: "The gradient of a first step", zh: "第一步的梯度" })}</h3>
        {flow === undefined ? (
          <button type="button" disabled={isFollowing} onClick={() => void follow()}>
            {isFollowing
              ? say({ en: "Measuring …", zh: "正在测量……" })
              : say({ en: "Measure the gradient", zh: "测量梯度" })}
          </button>
        ) : (
          <Gradient flow={flow} opened={opened} />
        )}
      </section>
      {opened.isTrained && (
        <section>
          <h3>{say({ en: "Where it looks", zh: "它关注哪里" })}</h3>
          {looks === undefined ? (
            <button type="button" disabled={isLooking} onClick={() => void look()}>
              {isLooking
                ? say({ en: "Looking …", zh: "正在计算……" })
                : say({ en: "Show what decides (Grad-CAM)", zh: "显示依据（Grad-CAM）" })}
            </button>
          ) : (
            <div class="looks">
              {looks.map((looked, place) => (
                <Looked key={place} looked={looked} />
              ))}
            </div>
          )}
        </section>
      )}
      {opened.isTrained && <Landscape state={state} opened={opened} name={name} />}
    </>
  );
}

/** What can be tried on the network that is shown: cutting blocks out, its first gradient, where it looks, the loss around it. */
export function Experiments(props: ExperimentsProps): JSX.Element {
  const state = studyState.value;
  const { isOpening = false, opened, problem } = state;
  return (
    <section class="experiments panel">
      <h2>{say({ en: "Try it", zh: "试一试" })}</h2>
      {opened === undefined && !isOpening && <Begin {...props} />}
      <p role="status" class="quiet working">
        {isOpening ? say({ en: "Opening the network …", zh: "正在打开网络……" }) : ""}
      </p>
      <Problem words={problem} />
      {opened !== undefined && <Opened state={state} opened={opened} name={props.name} />}
    </section>
  );
}
