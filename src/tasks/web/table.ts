import { webTask as classify } from "../classify/web/task.ts";
import type { TaskName, TypesOf } from "../find-task.ts";
import { webTask as plates } from "../plates/web/task.ts";
import { webTask as segment } from "../segment/web/task.ts";
import type { WebTask } from "./web-task.ts";

const webTasks: { readonly [Name in TaskName]: WebTask<TypesOf<Name>> } = { classify, plates, segment };

/** What a task does in a page. */
export function findWebTask<Name extends TaskName>(name: Name): WebTask<TypesOf<Name>> {
  return webTasks[name];
}
