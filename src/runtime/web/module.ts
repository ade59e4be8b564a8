import { joinBytes } from "../../tensor/bytes.ts";
import { FormatError } from "../../tensor/errors.ts";
import { type Code, unsigned } from "./instructions.ts";

/** A function that a WebAssembly module defines. */
export interface ModuleFunction {
  /** Its index in `call`; imported functions come first. */
  readonly index: number;
  readonly type: FunctionType;
  /** Declarations of its locals, then its code. */
  readonly body: Uint8Array;
}

/** Parameter and result types of a function, as type codes. */
export interface FunctionType {
  readonly parameters: Code;
  readonly results: Code;
}

/** The functions of a module, and a way to replace some of their bodies. */
export interface ModuleFunctions {
  readonly functions: readonly ModuleFunction[];
  /** The module with new bodies for the functions with these indices. The rest is unchanged. */
  replace(bodies: ReadonlyMap<number, Code>): Uint8Array<ArrayBuffer>;
}

/** How a module begins. */
export const MAGIC: Code = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** The sections of a module that are read or written here. */
export const sections = { type: 1, import: 2, function: 3, code: 10 } as const;
const FUNCTION_TYPE = 0x60;
const imports = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;

/** Reads a module's binary format piece by piece. */
export class ModuleReader {
  readonly bytes: Uint8Array;
  readonly #where: string;
  at = 0;

  /** @param where the name of the module in errors */
  constructor(bytes: Uint8Array, where: string) {
    this.bytes = bytes;
    this.#where = where;
  }

  malformed(detail: string): FormatError {
    return new FormatError(this.#where, `${detail}; must be a WebAssembly module`);
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw this.malformed(`ends in the middle, at byte ${this.at}`);
    return this.bytes[this.at++];
  }

  unsigned(): number {
    let [value, scale, byte] = [0, 1, 0];
    do {
      byte = this.byte();
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
    } while (byte >= 0x80 && scale < 2 ** 35);
    return value;
  }

  take(length: number): Uint8Array {
    if (length > this.bytes.length - this.at) throw this.malformed(`ends in the middle, at byte ${this.bytes.length}`);
    return this.bytes.subarray(this.at, (this.at += length));
  }

  /** A count, then as many entries. */
  list<T>(entry: (index: number) => T): readonly T[] {
    const count = this.unsigned();
    if (count > this.bytes.length) throw this.malformed(`counts ${count} entries at byte ${this.at}`);
    return Array.from({ length: count }, (_, index) => entry(index));
  }
}

function readType(reader: ModuleReader): FunctionType {
  if (reader.byte() !== FUNCTION_TYPE) throw reader.malformed(`has an unknown kind of type at byte ${reader.at - 1}`);
  return { parameters: reader.list(() => reader.byte()), results: reader.list(() => reader.byte()) };
}

/** Skips the limits of a table or memory. */
function skipLimits(reader: ModuleReader): void {
  const flags = reader.byte();
  reader.unsigned();
  if (flags & 1) reader.unsigned();
}

/** Skips an import. @returns its kind */
function skipImport(reader: ModuleReader): number {
  reader.take(reader.unsigned());
  reader.take(reader.unsigned());
  const kind = reader.byte();
  switch (kind) {
    case imports.function:
      reader.unsigned();
      break;
    case imports.table:
      reader.byte();
      skipLimits(reader);
      break;
    case imports.memory:
      skipLimits(reader);
      break;
    case imports.global:
      reader.take(2);
      break;
    case imports.tag:
      reader.byte();
      reader.unsigned();
      break;
    default:
      throw reader.malformed(`has an unknown kind of import at byte ${reader.at - 1}`);
  }
  return kind;
}

/**
 * Reads which functions a module has; `where` names it in errors.
 * @throws {FormatError} if it is not a module
 */
export function readFunctions(binary: Uint8Array, where: string): ModuleFunctions {
  const reader = new ModuleReader(binary, where);
  if (binary.length < MAGIC.length || MAGIC.some((byte) => byte !== reader.byte())) {
    throw reader.malformed("does not begin as one");
  }
  let functionTypes: readonly FunctionType[] = [];
  let imported = 0;
  let declared: readonly FunctionType[] = [];
  let code: { readonly start: number; readonly end: number; readonly bodies: readonly Uint8Array[] } | undefined;
  while (reader.at < binary.length) {
    const start = reader.at;
    const [section, size] = [reader.byte(), reader.unsigned()];
    const end = reader.at + size;
    if (section === sections.type) functionTypes = reader.list(() => readType(reader));
    if (section === sections.import) {
      imported = reader.list(() => skipImport(reader)).filter((kind) => kind === imports.function).length;
    }
    if (section === sections.function) declared = reader.list(() => functionTypes[reader.unsigned()]);
    if (section === sections.code) code = { start, end, bodies: reader.list(() => reader.take(reader.unsigned())) };
    reader.at = end;
  }
  if (reader.at !== binary.length || code === undefined || code.bodies.length !== declared.length) {
    throw reader.malformed("does not have as many functions as it declares");
  }
  const { start, end, bodies } = code;
  return {
    functions: bodies.map((body, place) => ({ index: imported + place, type: declared[place], body })),
    replace: (others) => {
      const contents = bodies.flatMap((body, place) => {
        const bytes = others.get(imported + place) ?? body;
        return [unsigned(bytes.length), bytes];
      });
      return joinBytes([
        binary.subarray(0, start),
        ...sized(sections.code, [unsigned(bodies.length), ...contents]),
        binary.subarray(end),
      ]);
    },
  };
}

type Bytes = Uint8Array | Code;

/** A section, preceded by its size. */
export function sized(section: number, contents: readonly Bytes[]): readonly Bytes[] {
  return [[section, ...unsigned(contents.reduce((total, part) => total + part.length, 0))], ...contents];
}
