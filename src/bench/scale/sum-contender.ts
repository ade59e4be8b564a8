import { createInterface } from "node:readline";
import { joinLaunched } from "./place.ts";

// Sums BYTES over the ranks that Open MPI's launcher started, as often as a line says. Rank 0 answers with the seconds of each sum.
const joined = await joinLaunched(process.env);
if (joined === undefined) throw new Error("start it by mpirun.openmpi");
const { collective, leave } = joined;
const values = new Float32Array(Number(process.argv[2]) / 4).fill(1);
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") break;
  // Together.
  await collective.allReduce(new Float32Array(1));
  const seconds: number[] = [];
  for (let sum = 0; sum < Number(line); sum++) {
    const start = performance.now();
    await collective.allReduce(values);
    seconds.push((performance.now() - start) / 1000);
  }
  if (collective.rank === 0) process.stdout.write(`${JSON.stringify(seconds)}\n`);
}
leave();
