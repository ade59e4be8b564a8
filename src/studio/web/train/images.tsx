import type { JSX } from "preact";
import type { Words } from "../../../report/words.ts";
import { imageLimits } from "../../pictures/image-limits.ts";
import type { Dropped } from "../dropped.ts";
import { say } from "../language.ts";
import { sayAny } from "../message.ts";
import { ChooseFiles, DropZone } from "../parts/drop-zone.tsx";
import { Picture } from "./picture.tsx";
import { toSource } from "./image-source.ts";
import type { ImageSource, ReadEvent, ReadImages } from "./read-job.ts";
import { refuse } from "./state.ts";

const most = imageLimits.files;

/** Where images are dropped or chosen. */
export function ImageDrop({ onSource }: { readonly onSource: (source: ImageSource) => void }): JSX.Element {
  const take = (dropped: Dropped): void => {
    const source = toSource(dropped, refuse);
    if (source !== undefined) onSource(source);
  };
  return (
    <DropZone most={most} onDrop={(dropped) => void dropped.then(take)}>
      <p class="big">
        {say({ en: "Drop a folder or a zip file of images here", zh: "把图像文件夹或 zip 文件拖到这里" })}
      </p>
      <p class="quiet">
        {say({
          en: "One folder per class inside it, such as pets/cats and pets/dogs. The images stay on this device.",
          zh: "其中每个类别一个文件夹，例如 pets/cats 和 pets/dogs。图像不会离开本设备。",
        })}
      </p>
      <p class="ways">
        <ChooseFiles
          label={say({ en: "Choose a folder", zh: "选择文件夹" })}
          name="folder"
          isFolder
          isPrimary
          most={most}
          onChoose={take}
        />
        <ChooseFiles
          label={say({ en: "Choose a zip file", zh: "选择 zip 文件" })}
          name="zip"
          accept=".zip"
          most={most}
          onChoose={take}
        />
      </p>
    </DropZone>
  );
}

const stages: readonly { readonly head: Words; readonly text: Words }[] = [
  {
    head: { en: "Images by class", zh: "按类别的图像" },
    text: {
      en: "Five or more per class; a few hundred teach a small network well. What cannot be read is left out and named.",
      zh: "每个类别至少五张；几百张就能教好一个小网络。无法读取的文件会被略去并列出。",
    },
  },
  {
    head: { en: "A residual network", zh: "一个残差网络" },
    text: {
      en: "Choose its layers and its shortcut. A fifth of every class is held back: the network never learns from those.",
      zh: "选择层数和快捷连接。每个类别留出五分之一：网络从不用它们学习。",
    },
  },
  {
    head: { en: "Yours to take away", zh: "带走你的网络" },
    text: {
      en: "Its accuracy with an honest interval, its worst mistakes, the ONNX file, code to run it, and a report.",
      zh: "带有如实区间的准确率、最严重的错误、ONNX 文件、运行它的代码，以及一份报告。",
    },
  },
];

/** What happens, before there are images. */
export function Overview(): JSX.Element {
  return (
    <ol class="overview">
      {stages.map(({ head, text }, place) => (
        <li key={place} class="panel">
          <h2>
            {place + 1}. {say(head)}
          </h2>
          <p class="quiet">{say(text)}</p>
        </li>
      ))}
    </ol>
  );
}

/** How far reading is. */
export function Reading({ reading }: { readonly reading: ReadEvent | undefined }): JSX.Element {
  const { done = 0, count = 1 } = reading ?? {};
  const label = say({ en: `Reading images: ${done} of ${count}`, zh: `正在读取图像：${done} / ${count}` });
  return (
    <p class="reading">
      <progress value={done} max={Math.max(1, count)} aria-label={label} /> <span class="quiet">{label}</span>
    </p>
  );
}

/** Images of a class that are shown. */
const shownOfClass = 8;

function ImageClass({ images, label }: { readonly images: ReadImages; readonly label: number }): JSX.Element {
  const places = images.labels.flatMap((own, place) => (own === label ? [place] : []));
  const held = places.filter((place) => images.held[place]).length;
  return (
    <li class="panel">
      <h2>{images.classes[label]}</h2>
      <p class="quiet">
        {say({
          en: `${places.length} ${places.length === 1 ? "image" : "images"}, ${held} held back`,
          zh: `${places.length} 张图像，留出 ${held} 张`,
        })}
      </p>
      <div class="pictures">
        {places.slice(0, shownOfClass).map((place) => (
          <Picture key={place} images={images} place={place} />
        ))}
      </div>
    </li>
  );
}

/** Files that are named; a folder may hold thousands of others. */
const namedFiles = 100;

function LeftOut({ leftOut }: Pick<ReadImages, "leftOut">): JSX.Element | null {
  if (leftOut.length === 0) return null;
  const rest = leftOut.length - namedFiles;
  return (
    <details>
      <summary>
        {say({
          en: `${leftOut.length} ${leftOut.length === 1 ? "file" : "files"} left out: which, and why`,
          zh: `略去 ${leftOut.length} 个文件：是哪些，为什么`,
        })}
      </summary>
      <ul class="left-out">
        {leftOut.slice(0, namedFiles).map(({ path, why }, index) => (
          <li key={index}>
            <b>{path}</b> {sayAny(why)}
          </li>
        ))}
        {rest > 0 && <li>{say({ en: `and ${rest} more`, zh: `另有 ${rest} 个` })}</li>}
      </ul>
    </details>
  );
}

/** Classes that are shown; there may be a hundred. */
const shownClasses = 24;

/** The images by class, and the files that were left out. */
export function Images({ images }: { readonly images: ReadImages }): JSX.Element {
  const { classes, leftOut } = images;
  const rest = classes.length - shownClasses;
  return (
    <>
      <ul class="classes">
        {classes.slice(0, shownClasses).map((name, label) => (
          <ImageClass key={name} images={images} label={label} />
        ))}
      </ul>
      {rest > 0 && <p class="quiet">{say({ en: `and ${rest} more classes`, zh: `另有 ${rest} 个类别` })}</p>}
      <LeftOut leftOut={leftOut} />
    </>
  );
}
