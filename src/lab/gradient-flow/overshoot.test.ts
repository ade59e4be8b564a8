import { expect, test } from "vitest";
import { describeOvershoots } from "./overshoot.ts";
import type { NetworkFlow } from "./study.ts";

const flow = (label: string, losses: readonly number[], update: number): NetworkFlow => ({
  label,
  parameters: 1,
  status: "done",
  profiles: losses.map((loss, step) => ({
    step,
    loss,
    layers: [{ layer: "conv1", gradient: 1, weight: 1, mean: 0, variance: 1, update }],
    blocks: [],
  })),
});
const calm = flow("plain", [2.3, 2.31, 2.29], 0.01);

test("a loss that rises before it falls is explained by the size of the first updates", () => {
  const [sentence, ...more] = describeOvershoots({ networks: [calm, flow("project", [2.5, 8, 2.1], 0.12)] });
  expect(more).toEqual([]);
  expect(sentence.en).toMatch(/loss of project first rises, from 2\.5 to 8 at step 1, and is 2\.1 at step 2\./);
  expect(sentence.en).toMatch(/changes a layer's weight by 12 % \(median\), that of plain by 1 %\./);
  expect(sentence.zh).toContain("第 1 步的 8");
});

test("a loss that stays high is told from it, and one that does not rise needs no words", () => {
  expect(describeOvershoots({ networks: [flow("project", [2.5, 8, 7], 0.12)] })[0].en).toMatch(/still 7 at step 2/);
  expect(describeOvershoots({ networks: [calm] })).toEqual([]);
});

test("a weight that starts at 0 has no relative update, and the others' median is told", () => {
  const zero = { layer: "fc", gradient: 1, weight: 0, mean: 0, variance: 1, update: Infinity };
  const withZero = (network: NetworkFlow): NetworkFlow => ({
    ...network,
    profiles: network.profiles.map((profile) => ({ ...profile, layers: [...profile.layers, zero] })),
  });
  const [sentence] = describeOvershoots({ networks: [withZero(flow("fixup", [2.3, 8, 7], 0.12))] });
  expect(sentence.en).toMatch(/changes a layer's weight by 12 % \(median\)\./);
  const [alone] = describeOvershoots({ networks: [flow("fixup", [2.3, 8, 7], Infinity)] });
  expect(alone.en).not.toContain("first update");
});
