import { expect, test } from "vitest";
import { EnvironmentError } from "./errors.ts";
import { explainMissingPackage, loadPackage } from "./missing-package.ts";

test.each([
  ["Cannot find package 'pg' imported from /app/node_modules/residua/dist/store/node/postgres.js", "pg"],
  ["Cannot find package '/app/node_modules/h5wasm/' imported from /app/x.js", "h5wasm"],
  ["Cannot find module 'mysql2/promise'\nRequire stack:", "mysql2"],
  ['Could not resolve "h5wasm" imported by "residua". Is it installed?', "h5wasm"],
  ["Failed to resolve module specifier 'h5wasm'", "h5wasm"],
  ["Cannot find package '@observablehq/plot' imported from /app/x.js", "@observablehq/plot"],
])("%s says what to install", (message, name) => {
  const explained = explainMissingPackage(new Error(message));
  expect(explained).toBeInstanceOf(EnvironmentError);
  expect((explained as Error).message).toBe(`${name}: is needed for this and not installed; run npm install ${name}`);
});

test.each(["Cannot find module '/app/dist/missing.js' imported from /app/x.js", "connect ECONNREFUSED"])(
  "another failure stays as it is: %s",
  (message) => {
    const error = new Error(message);
    expect(explainMissingPackage(error)).toBe(error);
  },
);

test("a package that Node does not find is explained, one that it finds is loaded", async () => {
  const name = "no-such-package-of-this-name";
  await expect(loadPackage(() => import(/* @vite-ignore */ name))).rejects.toThrow(`run npm install ${name}`);
  expect(await loadPackage(() => import("kysely"))).toHaveProperty("Kysely");
});
