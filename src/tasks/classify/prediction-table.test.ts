import { expect, test } from "vitest";
import { predictionTable } from "./prediction-table.ts";

test("a table of predictions has a row per image, the most probable class first", () => {
  const cat = { class: "cat, tabby", probability: 0.75 };
  const images = [
    { image: "a.png", predictions: [cat, { class: "=1", probability: 1 / 3 }] },
    { image: "b.png", predictions: [cat] },
  ];
  expect(predictionTable(images)).toBe(
    "image,class,probability,class_2,probability_2\n" +
      'a.png,"cat, tabby",0.75,\'=1,0.3333333\n' +
      'b.png,"cat, tabby",0.75,,\n',
  );
  expect(predictionTable([])).toBe("image,class,probability\n");
});
