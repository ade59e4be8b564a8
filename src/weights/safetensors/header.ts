import { bytesPerElement, type DType } from "../../tensor/dtype.ts";
import { FormatError } from "../../tensor/errors.ts";
import { formatShape, type Shape, sizeOf } from "../../tensor/shape.ts";
import { quote } from "../../tensor/printable.ts";

/** The position of a tensor in the data part of a safetensors file, in bytes. */
export interface SafetensorsRange {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

/** A header checked entry by entry; ranges are sorted by their beginning. */
export interface SafetensorsHeader {
  readonly ranges: readonly SafetensorsRange[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The element types by their names in the format. */
export const safetensorsNames: { readonly [D in DType]: string } = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint64: "U64",
  uint32: "U32",
  uint16: "U16",
  uint8: "U8",
  bool: "BOOL",
};

const dtypesByName: ReadonlyMap<unknown, DType> = new Map(
  Object.entries(safetensorsNames).map(([dtype, name]) => [name, dtype as DType]),
);

/** A header is an object of objects that hold arrays; it nests no deeper. */
const deepest = 3;
const mostAxes = 64;

/**
 * Reads the header's JSON and checks every entry on its own.
 *
 * @throws {FormatError} if it is not a JSON object, nests too deeply, repeats a key, or an entry misstates its size
 */
export function parseSafetensorsHeader(text: string, where: string): SafetensorsHeader {
  const members = countMembers(text, where);
  const header = parseObject(text, where);
  const entries = Object.entries(header);
  if (entries.length !== members) throw new FormatError(where, "names a tensor twice in its header; it is damaged");
  const ranges = entries
    .filter(([name]) => name !== "__metadata__")
    .map(([name, value]) => parseRange(where, name, value))
    .toSorted((a, b) => a.begin - b.begin || a.end - b.end);
  return {
    ranges,
    metadata: parseMetadata(where, Object.hasOwn(header, "__metadata__") ? header["__metadata__"] : {}),
  };
}

function parseObject(text: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(where, "is not a safetensors file: its header is not JSON", { cause });
  }
  if (isObject(value)) return value;
  throw new FormatError(where, "is not a safetensors file: its header is not a JSON object");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Counts the outermost object's members before anything is built from the text, and refuses deep nesting. */
function countMembers(text: string, where: string): number {
  let depth = 0;
  let members = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (quoted) {
      if (character === "\\") index++;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === ":" && depth === 1) members++;
    else if (character === "}" || character === "]") depth--;
    else if ((character === "{" || character === "[") && ++depth > deepest) {
      throw new FormatError(where, `nests deeper than ${deepest} levels in its header; it is not a safetensors file`);
    }
  }
  return members;
}

function parseRange(where: string, name: string, value: unknown): SafetensorsRange {
  const subject = `tensor ${quote(name)}`;
  if (!isObject(value)) throw new FormatError(where, `${subject} is not described by an object`);
  const dtype = dtypesByName.get(value["dtype"]);
  if (dtype === undefined) {
    const found = quote(String(value["dtype"]));
    throw new FormatError(
      where,
      `${subject} has element type ${found}; must be one of ${[...dtypesByName.keys()].join(", ")}`,
    );
  }
  const { shape, data_offsets: offsets } = value;
  if (!isSizes(shape) || shape.length > mostAxes) throw new FormatError(where, `${subject} has no valid shape`);
  if (!isSizes(offsets) || offsets.length !== 2) throw new FormatError(where, `${subject} has no valid data_offsets`);
  const [begin, end] = offsets as [number, number];
  const needed = sizeOf(shape) * bytesPerElement(dtype);
  if (end - begin !== needed) {
    const claim = `${formatShape(shape)} of ${dtype} takes ${needed} bytes`;
    throw new FormatError(where, `${subject}: ${claim}, its data_offsets [${begin},${end}] span ${end - begin}`);
  }
  return { name, dtype, shape, begin, end };
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function parseMetadata(where: string, value: unknown): Readonly<Record<string, string>> {
  if (isObject(value) && Object.values(value).every((text) => typeof text === "string")) {
    return value as Record<string, string>;
  }
  throw new FormatError(where, "holds __metadata__ that is not an object of texts");
}
