/** Names in a note before the rest is counted. */
const shownNames = 3;

function listNames(names: readonly string[]): string {
  const more = names.length - shownNames;
  return more > 0 ? `${names.slice(0, shownNames).join(", ")} and ${more} more` : names.join(", ");
}

/**
 * Says which masks are empty, in a sentence; undefined if none is. Empty masks teach where no cell is, but are as often files
 * that were saved wrongly.
 *
 * @param part the images, such as "to train on"
 */
export function noteEmptyMasks(
  images: readonly { readonly name: string; readonly cells: number }[],
  part: string,
): string | undefined {
  const empty = images.filter(({ cells }) => cells === 0).map(({ name }) => name);
  if (empty.length === 0) return undefined;
  return `${empty.length} of ${images.length} masks ${part} ${empty.length === 1 ? "has" : "have"} no cell: ${listNames(empty)}`;
}

/** Says which classes occur in no mask, in a sentence; undefined if each does. @param part the images, such as "to train on" */
export function noteAbsentClasses(
  classes: readonly { readonly name: string; readonly pixels: number }[],
  part: string,
): string | undefined {
  const absent = classes.filter(({ pixels }) => pixels === 0).map(({ name }) => name);
  if (absent.length === 0) return undefined;
  const [subject, verb] = absent.length === 1 ? ["the class", "occurs"] : ["the classes", "occur"];
  return `${subject} ${absent.join(", ")} ${verb} in no mask ${part}`;
}
