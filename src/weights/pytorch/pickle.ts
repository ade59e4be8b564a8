import { Parser } from "pickleparser";
import { bytesPerElement, type DType } from "../../tensor/dtype.ts";
import { FormatError, ResiduaError } from "../../tensor/errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import { quote } from "../../tensor/printable.ts";
import type { PickleReader } from "./pickle-reader.ts";
import { lastIndex } from "../strided.ts";

/** A run of elements that the pickle refers to; its bytes are elsewhere in the file. */
export interface PickledStorage {
  readonly kind: "storage";
  readonly key: string;
  /** Its element type; "untyped" is counted in bytes. */
  readonly dtype: DType | "untyped";
  /** Size of the whole storage in elements. */
  readonly size: number;
  /** The part that this value refers to, in elements. */
  readonly begin: number;
  readonly end: number;
}

/** A tensor that the pickle refers to: a strided window on a storage. Counted in elements of `dtype`. */
export interface PickledTensor {
  readonly kind: "tensor";
  readonly storage: PickledStorage;
  readonly dtype: DType;
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: Shape;
}

/** What a name in a pickle may refer to: inert values, and our own functions that build values. */
type Global =
  | { readonly kind: "storage type"; readonly dtype: DType | "untyped" }
  | { readonly kind: "element type"; readonly dtype: DType }
  | Builder;

type Builder = (...args: readonly unknown[]) => unknown;

const mostAxes = 64;
/** Limit on the arguments of all calls together, lists counted by length: one list may be passed a million times. */
const mostArguments = 2 ** 22;

/** An object whose content is not needed here. */
const opaque: object = Object.freeze({ kind: "opaque" });

const storageTypes: Readonly<Record<string, DType>> = {
  DoubleStorage: "float64",
  FloatStorage: "float32",
  HalfStorage: "float16",
  BFloat16Storage: "bfloat16",
  LongStorage: "int64",
  IntStorage: "int32",
  ShortStorage: "int16",
  CharStorage: "int8",
  ByteStorage: "uint8",
  BoolStorage: "bool",
};

const elementTypes: readonly DType[] = [
  ...(["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8"] as const),
  ...(["uint64", "uint32", "uint16", "uint8", "bool"] as const),
];

/**
 * Everything that a pickle may name; nothing else exists for it, and none of this runs code from the file. A pickle may
 * call these with any arguments, also as constructors, so they are functions that check their arguments.
 */
const globals: ReadonlyMap<string, Global> = new Map<string, Global>([
  ["torch._utils._rebuild_tensor", rebuildTensor],
  ["torch._utils._rebuild_tensor_v2", rebuildTensor],
  ["torch._utils._rebuild_tensor_v3", rebuildTypedTensor],
  ["torch._utils._rebuild_parameter", returnFirst],
  ["torch._utils._rebuild_parameter_with_state", returnFirst],
  ["torch.nn.parameter.Parameter", returnFirst],
  ["torch.Size", returnFirst],
  ["collections.OrderedDict", createMap],
  ["collections.Counter", returnFirst],
  ...["torch.device", "argparse.Namespace", "numpy.dtype", "_codecs.encode"].map(allowOpaque),
  ...["numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"].map(allowOpaque),
  ...["__builtin__.set", "builtins.set"].map(allowOpaque),
  ...Object.entries(storageTypes).flatMap(([name, dtype]): [string, Global][] => [
    [`torch.${name}`, { kind: "storage type", dtype }],
    [`torch.cuda.${name}`, { kind: "storage type", dtype }],
  ]),
  ["torch.storage.UntypedStorage", { kind: "storage type", dtype: "untyped" }],
  ...elementTypes.map((dtype): [string, Global] => [`torch.${dtype}`, { kind: "element type", dtype }]),
]);

/**
 * Unpickles the next value of a PyTorch file. Dictionaries become maps, lists and tuples arrays; tensors and storages
 * become descriptions of where their elements are. No code from the file is run.
 *
 * @param onStorage called with every storage that the pickle names
 * @throws {FormatError} if the pickle is damaged, or names anything that a state dict does not need
 */
export function unpickle(
  reader: PickleReader,
  where: string,
  onStorage: (storage: PickledStorage) => void = () => {},
): unknown {
  const limit = limitArguments();
  const parser = new Parser({
    nameResolver: {
      resolve: (module, name) => {
        const found = findGlobal(where, module, name);
        // The package types a global as callable; calling one that is not fails, which is caught below.
        return typeof found === "function" ? limit(found) : (found as never);
      },
    },
    persistentResolver: {
      resolve: (id: unknown) => {
        const storage = readStorage(id);
        onStorage(storage);
        return storage;
      },
    },
    unpicklingTypeOfDictionary: "Map",
    unpicklingTypeOfSet: "Set",
  });
  try {
    return parser.read<unknown>(reader);
  } catch (cause) {
    if (cause instanceof ResiduaError && !(cause instanceof PickleError)) throw cause;
    const detail = cause instanceof PickleError ? cause.detail : "its operations do not fit together";
    throw new FormatError(where, `its pickle is damaged: ${detail}`, { cause });
  }
}

/**
 * Whether an unpickled value is a tensor. A pickle cannot forge one: it makes maps, sets and arrays, but no objects
 * with fields.
 */
export function isPickledTensor(value: unknown): value is PickledTensor {
  return hasKind(value, "tensor");
}

/** An error in one of the functions that a pickle may call, which do not know the file's name. */
class PickleError extends ResiduaError {
  override readonly name = "PickleError";

  constructor(detail: string) {
    super("pickle", detail);
  }
}

function findGlobal(where: string, module: unknown, name: unknown): Global {
  if (typeof module !== "string" || typeof name !== "string") throw new PickleError("a name is not text");
  const found = globals.get(`${module}.${name}`);
  if (found !== undefined) return found;
  throw new FormatError(
    where,
    `its pickle asks for ${quote(`${module}.${name}`)}, which weights do not need, so it is refused and nothing of it ` +
      `was run; save the weights alone with torch.save(model.state_dict(), path)`,
  );
}

/** Allows calls of functions as long as all their arguments together stay within bounds. */
function limitArguments(): (build: Builder) => Builder {
  let left = mostArguments;
  return (build) =>
    function (...args) {
      const [first] = args;
      left -= 1 + args.length + (Array.isArray(first) ? first.length : 0);
      if (left < 0) throw new PickleError("it requires too much work");
      return build(...args);
    };
}

function hasKind<K extends string>(value: unknown, kind: K): value is { readonly kind: K } {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length <= mostAxes && value.every(isSize);
}

function isStorage(value: unknown): value is PickledStorage {
  return hasKind(value, "storage");
}

function isStorageType(value: unknown): value is Extract<Global, { kind: "storage type" }> {
  return hasKind(value, "storage type");
}

function isElementType(value: unknown): value is Extract<Global, { kind: "element type" }> {
  return hasKind(value, "element type");
}

function allowOpaque(name: string): [string, Global] {
  return [name, makeOpaque];
}

function makeOpaque(): object {
  return opaque;
}

function returnFirst(first: unknown): unknown {
  return first;
}

/** `OrderedDict()`; Python 2 passes a list of pairs. */
function createMap(pairs: unknown = []): ReadonlyMap<unknown, unknown> {
  if (!Array.isArray(pairs)) throw new PickleError("an OrderedDict is not made of pairs");
  return new Map(
    pairs.map((pair: unknown): [unknown, unknown] => {
      if (!Array.isArray(pair) || pair.length !== 2) throw new PickleError("an OrderedDict is not made of pairs");
      return [pair[0], pair[1]];
    }),
  );
}

/** `("storage", type, key, location, size)`; files before 1.6 add a view, `(key, begin, size)` or None. */
function readStorage(id: unknown): PickledStorage {
  if (!Array.isArray(id)) throw new PickleError("a storage is not described by a tuple");
  const [tag, type, key, , size, view] = id as readonly unknown[];
  if (tag !== "storage" || !isStorageType(type) || typeof key !== "string" || !isSize(size)) {
    throw new PickleError("a storage is described wrongly");
  }
  const [, begin, length] = Array.isArray(view) ? (view as readonly unknown[]) : [undefined, 0, size];
  if (!isSize(begin) || !isSize(length) || begin + length > size) {
    throw new PickleError("a view reaches beyond its storage");
  }
  return { kind: "storage", key, dtype: type.dtype, size, begin, end: begin + length };
}

/** `_rebuild_tensor(_v2)(storage, offset, size, stride, …)`: the rest is for autograd. */
function rebuildTensor(...[storage, offset, shape, strides]: readonly unknown[]): PickledTensor {
  if (!isStorage(storage) || storage.dtype === "untyped") throw new PickleError("a tensor has no storage of its type");
  return placeTensor(storage, storage.dtype, { offset, shape, strides });
}

/** `_rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype, …)`: the storage is bytes. */
function rebuildTypedTensor(...[storage, offset, shape, strides, , , type]: readonly unknown[]): PickledTensor {
  if (!isStorage(storage) || !isElementType(type)) throw new PickleError("a tensor has no storage or element type");
  return placeTensor(storage, type.dtype, { offset, shape, strides });
}

interface TensorPlace {
  readonly offset: unknown;
  readonly shape: unknown;
  readonly strides: unknown;
}

function placeTensor(storage: PickledStorage, dtype: DType, { offset, shape, strides }: TensorPlace): PickledTensor {
  if (!isSize(offset) || !isSizes(shape) || !isSizes(strides) || shape.length !== strides.length) {
    throw new PickleError("a tensor has no valid shape and strides");
  }
  const unit = storage.dtype === "untyped" ? bytesPerElement(dtype) : 1;
  const begin = storage.begin / unit;
  const layout = { offset: offset + begin, shape: [...shape], strides: [...strides] };
  if (!Number.isInteger(begin) || lastIndex(layout) >= storage.end / unit)
    throw new PickleError("a tensor reaches beyond its storage");
  return { kind: "tensor", storage, dtype, ...layout };
}
