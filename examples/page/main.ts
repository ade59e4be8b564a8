import { type Network, train } from "residua/web";

const find = <Type extends HTMLElement>(id: string): Type => document.getElementById(id) as Type;
const [first, second, image] = ["first", "second", "image"].map((id) => find<HTMLInputElement>(id));
const [trainButton, stopButton] = ["train", "stop"].map((id) => find<HTMLButtonElement>(id));
const [progress, answer, save] = [find("progress"), find("answer"), find<HTMLAnchorElement>("save")];
let network: Network<"classify"> | undefined;

async function learn(): Promise<void> {
  const files = { first: [...(first.files ?? [])], second: [...(second.files ?? [])] };
  const run = train({ files }, { model: "resnet8", shortcut: "pad", epochs: 12, learningRate: 0.03 });
  stopButton.addEventListener("click", run.stop, { once: true });
  for await (const event of run) {
    if (event.kind === "note") answer.textContent = event.text;
    if (event.kind === "loading" || event.kind === "compiling") progress.textContent = `${event.kind} …`;
    if (event.kind === "step") progress.textContent = `step ${event.progress.step} of ${event.progress.steps}`;
    if (event.kind === "epoch")
      progress.textContent = `epoch ${event.record.epoch}: loss ${event.record.training.loss.toFixed(3)}`;
  }
  const { status, test, open } = await run.result;
  progress.textContent = `${status}; ${test === undefined ? "not tested" : `${(100 * (test.measures["accuracy"] ?? 0)).toFixed(0)} % of ${test.count} test images right`}`;
  await network?.release();
  network = await open();
  const file = await network.save("network.onnx");
  Object.assign(save, { href: URL.createObjectURL(file), download: file.name, hidden: false });
}

trainButton.addEventListener("click", async () => {
  trainButton.disabled = true;
  stopButton.disabled = false;
  await learn().catch((error: unknown) => (progress.textContent = String(error)));
  trainButton.disabled = false;
  stopButton.disabled = true;
  image.disabled = network === undefined;
});

image.addEventListener("change", async () => {
  const [file] = image.files ?? [];
  if (file === undefined || network === undefined) return;
  const found = await network.predict(file).catch((error: unknown) => String(error));
  answer.textContent =
    typeof found === "string"
      ? found
      : found.map((each) => `${each.class} ${(100 * each.probability).toFixed(1)} %`).join(", ");
});
