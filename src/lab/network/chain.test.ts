import { expect, test } from "vitest";
import { describableModule } from "../../networks/describe.ts";
import { describeModule } from "../../nn/describe.ts";
import { createModel } from "../../nn/models.ts";
import { costsOf, layOutChain } from "./chain.ts";

test.each(["resnet20", "resnet50", "densenet121", "resunet", "wrn-16-4", "seresnet50"])(
  "the rows of %s cost together what the whole network costs",
  (name) => {
    const { module, imageShape } = createModel(name);
    const { graph } = describableModule(module, imageShape);
    const { rows } = layOutChain(graph);
    const costs = costsOf(graph, rows, undefined);
    const sum = (values: readonly (number | undefined)[]): number => values.reduce<number>((a, b) => a + b!, 0);
    const whole = describeModule(module, imageShape);
    expect(sum(costs.map(({ multiplyAdds }) => multiplyAdds))).toBe(whole.multiplyAdds);
    expect(sum(costs.map(({ parameters }) => parameters))).toBe(whole.parameters);
  },
);

test("a block's costs are those of its module, shortcut included", () => {
  const { module, imageShape } = createModel("resnet20", { shortcut: "project" });
  const { graph } = describableModule(module, imageShape);
  const { rows } = layOutChain(graph);
  const costs = costsOf(graph, rows, undefined);
  const { blocks } = describeModule(module, imageShape);
  const found = rows.flatMap(({ shortcut }, place) => (shortcut === undefined ? [] : [costs[place]]));
  expect(found).toEqual(blocks.map(({ parameters, multiplyAdds }) => ({ parameters, multiplyAdds })));
});
