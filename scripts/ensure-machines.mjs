// Installs what the tests and benchmarks of two machines join network namespaces by where it is missing and can be; they say if not.
import { spawnSync } from "node:child_process";
import { installPackages } from "./apt.mjs";

const packages = { iproute2: ["ip", "-V"], iperf3: ["iperf3", "--version"] };
const missing = () =>
  Object.entries(packages).flatMap(([name, [program, ask]]) => (spawnSync(program, [ask]).status === 0 ? [] : [name]));

const wanted = missing();
if (wanted.length > 0 && !(installPackages(wanted, "tests of two machines") && missing().length === 0))
  console.error(
    `tests of two machines: ${missing().join(" and ")} could not be installed; what needs them is left out`,
  );
