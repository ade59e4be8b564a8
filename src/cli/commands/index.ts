import type { Command } from "commander";
import { registerCompare } from "./compare.ts";
import { registerDescribe } from "./describe.ts";
import { registerForward, registerGradients } from "./passes.ts";

/** Every command's registration, in the order of the help text. */
export const commands: readonly ((program: Command) => void)[] = [registerCompare, registerDescribe, registerForward, registerGradients];
