/** All tasks: one row each, under the task's own name. */
export { classify } from "./classify/task.ts";
export { plates } from "./plates/task.ts";
export { segment } from "./segment/task.ts";
