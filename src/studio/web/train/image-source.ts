import type { Words } from "../../../report/words.ts";
import { imageLimits } from "../../pictures/image-limits.ts";
import type { Dropped } from "../dropped.ts";
import type { ImageSource } from "./read-job.ts";

/**
 * What was dropped as a source of images; undefined if it is none.
 *
 * @param refuse says why
 */
export function toSource(dropped: Dropped, refuse: (why: Words) => void): ImageSource | undefined {
  const most = imageLimits.files;
  if ("isTooMany" in dropped) {
    refuse({
      en: `There are more than ${most} files, must be at most ${most}; choose the folder right above the classes.`,
      zh: `文件超过 ${most} 个，最多 ${most} 个；请选择类别文件夹的上一级文件夹。`,
    });
    return undefined;
  }
  const { files } = dropped;
  const zips = files.filter(({ path }) => /\.zip$/i.test(path));
  const [first] = zips;
  if (first !== undefined && files.length > 1) {
    refuse({
      en: `${first.path} lies beside ${files.length - 1} other files; drop one zip file, or one folder of images.`,
      zh: `${first.path} 旁边还有 ${files.length - 1} 个文件；请拖入一个 zip 文件，或一个图像文件夹。`,
    });
    return undefined;
  }
  return first === undefined ? { kind: "files", files } : { kind: "zip", zip: first.file };
}
