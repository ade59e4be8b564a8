import { open, train } from "residua/web";

const pictures = ["left/00.png", "right/01.png", "top/02.png"];
const fetchBlob = async (path: string): Promise<Blob> => (await fetch(`./${path}`)).blob();

async function run(): Promise<object> {
  const blobs = await Promise.all(pictures.map((path) => fetchBlob(`photos/${path}`)));
  const [first = new Blob(), , third = new Blob()] = blobs;
  const network = await open("./photos.onnx", { task: "classify" });
  const answers: string[] = [];
  for (const blob of blobs) {
    const [best] = await network.predict(blob);
    answers.push(`${best?.class} ${best?.probability.toFixed(4)}`);
  }
  const saved = await open(await network.save("again.onnx"), { task: "classify" });
  const again = (await saved.predict(first))[0];
  await Promise.all([network.release(), saved.release()]);

  const ready = await open(new URL("residua/models/digits.onnx", import.meta.url), { task: "classify" });
  const digits: string[] = [];
  for (const blob of blobs) {
    const [best] = await ready.predict(blob);
    digits.push(`${best?.class} ${best?.probability.toFixed(4)}`);
  }
  await ready.release();

  const segments = await open("./cells.onnx", { task: "segment" });
  const { labels } = await segments.predict(await fetchBlob("0001.png"));
  await segments.release();

  const names = ["left", "right", "top"];
  const each = Array.from({ length: 8 }, (_, index) => String(index).padStart(2, "0"));
  const listed = names.map(
    async (name) => [name, await Promise.all(each.map((file) => fetchBlob(`photos/${name}/${file}.png`)))] as const,
  );
  const files = Object.fromEntries(await Promise.all(listed));
  const notes: string[] = [];
  const training = train({ files }, { imageSize: 16, model: "resnet8", shortcut: "pad", epochs: 3, threads: 2 });
  for await (const event of training) if (event.kind === "note") notes.push(event.text);
  const trained = await training.result;
  const own = await trained.open();
  const found = await own.predict(third, { top: 1 });
  await own.release();
  return {
    answers,
    digits,
    again: `${again?.class} ${again?.probability.toFixed(4)}`,
    labels: Array.from(labels),
    trained: { status: trained.status, epochs: trained.epochs.length, tested: trained.test?.count, notes, found },
    isolated: globalThis.crossOriginIsolated,
  };
}

Object.assign(globalThis, { result: run().catch((error: unknown) => ({ error: String(error) })) });
