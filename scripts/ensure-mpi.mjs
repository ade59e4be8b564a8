// Installs Open MPI and MPICH for the tests of trainings on several ranks where they are missing and can be; those tests say if not.
import { spawnSync } from "node:child_process";
import { installPackages } from "./apt.mjs";

const packages = { "mpirun.openmpi": ["openmpi-bin"], "mpirun.mpich": ["mpich"] };
const missing = () =>
  Object.entries(packages).flatMap(([program, names]) => (spawnSync(program, ["--version"]).status === 0 ? [] : names));

const wanted = missing();
if (wanted.length > 0 && !(installPackages(wanted, "tests of several ranks") && missing().length === 0))
  console.error(
    `tests of several ranks: ${wanted.join(" and ")} could not be installed; what needs them is not tested`,
  );
