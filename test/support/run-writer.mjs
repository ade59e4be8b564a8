// A process that records a run until it is ended: the faults are done to it. Started by tests with
// ADDRESS UNSENT_FOLDER VALUES.
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import { describeAddress, openRunStore, parseStoreAddress, startRecording } from "residua/store";

const [address, unsentFolder, values] = process.argv.slice(2);
const place = parseStoreAddress(address);
const recorder = startRecording(
  { command: "train", name: `writer ${process.pid}`, config: {}, code: {}, environment: {} },
  {
    open: () => openRunStore(place, { busyMilliseconds: 1000 }),
    store: describeAddress(place),
    unsentFolder,
    say: (message) => console.error(message),
    flushMilliseconds: 5,
    retryMilliseconds: 50,
    finishMilliseconds: 5000,
  },
);
for (let step = 1; step <= Number(values); step++) {
  recorder.add(["a", "b", "c", "d"].map((name) => ({ name, step, value: step / 7 })));
  if (step % 100 === 0) await wait(1);
}
await recorder.finish({ status: "done", result: { values: Number(values) } });
