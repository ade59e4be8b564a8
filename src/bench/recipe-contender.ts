import { createInterface } from "node:readline";
import { openRecipeSteps } from "./recipe-steps.ts";

// Residua's side of bench/recipe-peer.mjs: FOLDER. Says how it computes, then takes a step for each line; see bench/torch_recipe.py.
const { how, take, release } = await openRecipeSteps(process.argv[2]);
process.stdout.write(`${JSON.stringify({ how })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") break;
  process.stdout.write(`${JSON.stringify(await take())}\n`);
}
await release();
