import type { Words } from "../../report/words.ts";

/** What a page takes at most. */
export const imageLimits: {
  readonly files: number;
  readonly classes: number;
  /** Of one image's file. */
  readonly fileBytes: number;
  readonly zipBytes: number;
  /** Images that a class needs: one is held back. */
  readonly leastOfClass: number;
} = { files: 20_000, classes: 100, fileBytes: 64 * 2 ** 20, zipBytes: 2 ** 30, leastOfClass: 5 };

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`;

/** Why a file is too large; undefined if it is not. */
export function refuseSize(bytes: number, most: number): Words | undefined {
  if (bytes <= most) return undefined;
  const [own, limit] = [megabytes(bytes), megabytes(most)];
  return { en: `${own}, must be at most ${limit}`, zh: `${own}，最多 ${limit}` };
}

/** The numbers of images by class, those of a folder `test` apart. */
export interface ClassCounts {
  readonly classes: readonly string[];
  /** Images to train on, or to divide. */
  readonly train: readonly number[];
  /** Images of a folder `test`. */
  readonly test: readonly number[];
}

/** Why a network cannot be trained on such images; undefined if it can. */
export function refuseCounts({ classes, train, test }: ClassCounts): Words | undefined {
  const all = [...train, ...test].reduce((sum, count) => sum + count, 0);
  const { leastOfClass: least, classes: most } = imageLimits;
  if (all === 0)
    return {
      en: "There are no images in folders; put the images of each class into a folder of its own.",
      zh: "文件夹中没有图像；请把每个类别的图像放进各自的文件夹。",
    };
  if (classes.length === 1)
    return {
      en: `All ${all} images are of one class, “${classes[0]}”, must be of two or more; put each class into a folder of its own.`,
      zh: `全部 ${all} 张图像都属于同一类别“${classes[0]}”，至少要有两个类别；请把每个类别放进各自的文件夹。`,
    };
  if (classes.length > most)
    return {
      en: `There are ${classes.length} folders of images, must be at most ${most}; choose the folder right above the classes.`,
      zh: `有 ${classes.length} 个图像文件夹，最多 ${most} 个；请选择类别文件夹的上一级文件夹。`,
    };
  const few = train.findIndex((count) => count < least);
  if (few < 0) return undefined;
  const count = train[few];
  return {
    en: `“${classes[few]}” has ${count} ${count === 1 ? "image" : "images"} to train on, must have at least ${least}; add some, or leave the folder out.`,
    zh: `“${classes[few]}”有 ${count} 张训练图像，至少要有 ${least} 张；请增加图像，或去掉这个文件夹。`,
  };
}
