// What does the shortcut do? Trains networks with and without, on photos/CLASS/*.jpg, and writes a page about them.
import { writeFile } from "node:fs/promises";
import { compare } from "residua/node";

const run = compare("photos", { shortcuts: ["plain", "A", "B"], depths: [8, 14], seeds: 2, epochs: 2 });
for await (const event of run) {
  if (event.kind !== "run") continue;
  const { depth, shortcut, seed, testAccuracy } = event.result;
  console.log(`depth ${depth}, ${shortcut}, seed ${seed}: ${(100 * testAccuracy).toFixed(1)} % right`);
}
const study = await run.result;
for (const finding of study.findings) console.log(finding);
await writeFile("comparison.html", await study.report());
