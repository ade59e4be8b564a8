import process from "node:process";
import { trainingJob } from "residua/tasks/node";
import { runInChild } from "residua/train/node";

// Runs one training as the command does: in a child of its own, whose events this process hears. Each event is a line.

const job = JSON.parse(process.argv[2]);
const running = runInChild(trainingJob, job, {
  onEvent: (event) => {
    if (event.kind === "step") process.stdout.write(`step ${event.progress.step}\n`);
  },
});
await running.result;
