import { expect, test } from "vitest";
import { encodeCsv } from "./csv.ts";

test("cells with commas, quotes and line breaks are quoted, quotes in them doubled", () => {
  expect(encodeCsv([["plain", "a,b", 'say "hi"', "two\nlines", "old\rmac", " space "]])).toBe(
    'plain,"a,b","say ""hi""","two\nlines","old\rmac", space \n',
  );
});

test("numbers stand as they are, null is empty, and there is a line for each row", () => {
  expect(encodeCsv([[1, -0.5, 1e21, 5e-324, NaN, -Infinity, null], [""], ["last"]])).toBe(
    "1,-0.5,1e+21,5e-324,NaN,-Infinity,\n\nlast\n",
  );
  expect(encodeCsv([])).toBe("");
});

test.each([
  ["=1+1", "'=1+1"],
  ["+cmd", "'+cmd"],
  ["-2+3", "'-2+3"],
  ["@SUM(A1,A2)", `"'@SUM(A1,A2)"`],
  ["\tx", "'\tx"],
  ["\rx", `"'\rx"`],
  ["\n=x", `"'\n=x"`],
  [" =1+1", "' =1+1"],
  ["＝1+1", "'＝1+1"],
  ["-", "'-"],
  ["-1-1", "'-1-1"],
  ["+0x10", "'+0x10"],
  ["-Infinity", "-Infinity"],
  ["a=b", "a=b"],
  ["-0.5", "-0.5"],
  ["+3e-4", "+3e-4"],
])("a text that begins a formula is made text, a number is not: %j", (text, written) => {
  expect(encodeCsv([[text]])).toBe(`${written}\n`);
});
