/** Endings of the names of images in folders; a file that is named alone is read whatever it is called. */
const endings = ["png", "jpg", "jpeg", "tif", "tiff", "webp", "gif", "bmp", "pbm", "pgm", "ppm", "avif"] as const;

/** What finds the images of a folder: `*.{png,jpg,…}`. */
export const imageGlob: string = `*.{${endings.join(",")}}`;

/** The endings, for sentences. */
export const imageEndings: string = endings.join(", ");

const pattern = new RegExp(`\\.(${endings.join("|")})$`, "i");

/** Whether a file is an image, judging by its name. */
export function isImageName(name: string): boolean {
  return pattern.test(name);
}
