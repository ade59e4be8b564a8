// Installs age, which the tests of sealed files compare with, where it is missing and can be; without it they read files that it made.
import { spawnSync } from "node:child_process";
import { installPackages } from "./apt.mjs";

const isThere = () => spawnSync("age", ["--version"]).status === 0;

if (!isThere() && !(installPackages(["age"], "tests of sealed files") && isThere()))
  console.error("tests of sealed files: age could not be installed; what it does with our files is not tested");
