import type { TaskName, TypesOf } from "../find-task.ts";
import type { NodeTask } from "./node-task.ts";

/** What a task does with files: loaded when it is wanted, from the task's own folder. */
export async function findNodeTask<Name extends TaskName>(name: Name): Promise<NodeTask<TypesOf<Name>>> {
  const { nodeTask } = (await import(`../${name}/node/task.ts`)) as { readonly nodeTask: NodeTask<TypesOf<Name>> };
  return nodeTask;
}
