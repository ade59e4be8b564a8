import type koffiModule from "koffi";
import { EnvironmentError } from "../../../tensor/errors.ts";
import { loadPackage } from "../../../tensor/missing-package.ts";
import { CollectiveError } from "../../strategies/collective.ts";

/** The functions of an MPI library that a training calls, all on the communicator of every process. */
export interface MpiLibrary {
  /** Its own description of itself: "Open MPI v4.1.4, …". */
  readonly version: string;
  readonly rank: number;
  readonly size: number;
  /** Sums float32 elements over all ranks, in place; on a thread of its own, so that this one goes on. */
  readonly sum: (values: Float32Array) => Promise<void>;
  readonly finalize: () => void;
  /** Ends the processes of all ranks. */
  readonly abort: (code: number) => void;
}

/** Objects of MPI that C knows as macros. In Open MPI they are addresses of symbols, in MPICH numbers. */
const openMpiSymbols = {
  world: "ompi_mpi_comm_world",
  float: "ompi_mpi_float",
  sum: "ompi_mpi_op_sum",
  errorsReturn: "ompi_mpi_errors_return",
} as const;
/** The same numbers in all libraries with MPICH's binary interface, such as Intel MPI and MVAPICH. */
const mpichNumbers = { world: 0x44000000, float: 0x4c00040a, sum: 0x58000003, errorsReturn: 0x54000001 } as const;

/** `MPI_THREAD_MULTIPLE`: sums run on threads of libuv's pool, the rest on the main thread. */
const THREAD_MULTIPLE = 3;
/** MPICH's sums overflow the 128 KiB that koffi gives a thread. */
const STACK_BYTES = 8 * 2 ** 20;
/** MPI_MAX_ERROR_STRING and MPI_MAX_LIBRARY_VERSION_STRING of any library are at most that. */
const TEXT_BYTES = 8192;

type Native = (...parameters: readonly unknown[]) => number;
type NativeLater = (...parameters: readonly unknown[]) => void;
type Koffi = typeof koffiModule;
type NativeLibrary = ReturnType<Koffi["load"]>;

/**
 * Loads an MPI library by koffi, and initialises MPI.
 *
 * @param names file names or paths, of which the first that loads is taken
 * @throws {EnvironmentError} if koffi or the library is not there, or MPI cannot be initialised
 */
export async function loadMpi(names: readonly string[]): Promise<MpiLibrary> {
  const { default: koffi } = await loadPackage(() => import("koffi"));
  // UCX, below MPICH and often Open MPI, watches memory by rewriting functions of libc, under which V8's heap breaks.
  process.env["UCX_MEM_EVENTS"] ??= "no";
  koffi.config({ ...koffi.config(), sync_stack_size: STACK_BYTES, async_stack_size: STACK_BYTES });
  return bind(koffi, openFirst(koffi, names));
}

function openFirst(koffi: Koffi, names: readonly string[]): NativeLibrary {
  let reason = "";
  for (const name of names) {
    try {
      // Global, because it loads modules that look for its symbols.
      return koffi.load(name, { global: true });
    } catch (error) {
      if (reason === "") reason = error instanceof Error ? error.message : String(error);
    }
  }
  throw new EnvironmentError(
    "MPI",
    `none of ${names.join(", ")} could be loaded: ${reason}; install the MPI of the launcher`,
  );
}

/** Addresses of Open MPI's objects; undefined in another library. */
function findSymbols(koffi: Koffi, library: NativeLibrary): Record<keyof typeof openMpiSymbols, bigint> | undefined {
  try {
    const entries = Object.entries(openMpiSymbols).map(([key, name]) => [
      key,
      koffi.address(library.symbol(name) as unknown),
    ]);
    return Object.fromEntries(entries) as Record<keyof typeof openMpiSymbols, bigint>;
  } catch {
    return undefined;
  }
}

function bind(koffi: Koffi, library: NativeLibrary): MpiLibrary {
  const symbols = findSymbols(koffi, library);
  const { world, float, sum, errorsReturn } = symbols ?? mpichNumbers;
  const handle = symbols === undefined ? "int" : "uintptr_t";
  const inPlace = symbols === undefined ? -1n : 1n;
  const native = (declaration: string): Native => library.func(declaration) as Native;
  const errorString = native("int MPI_Error_string(int, void*, _Out_ int*)");
  const libraryVersion = native("int MPI_Get_library_version(void*, _Out_ int*)");
  const readText = (fill: (bytes: Buffer, length: number[]) => void): string => {
    const [bytes, length] = [Buffer.alloc(TEXT_BYTES), [0]];
    fill(bytes, length);
    return bytes.toString("utf8", 0, length[0]).replaceAll("\0", "").trim();
  };
  const check = (call: string, code: number): void => {
    if (code === 0) return;
    const reason = readText((bytes, length) => void errorString(code, bytes, length));
    throw new CollectiveError("MPI", `${call} failed: ${reason}`);
  };
  const ask = (call: string): number => {
    const answer = [0];
    check(call, native(`int ${call}(${handle}, _Out_ int*)`)(world, answer));
    return answer[0];
  };
  const provided = [0];
  check(
    "MPI_Init_thread",
    native("int MPI_Init_thread(void*, void*, int, _Out_ int*)")(null, null, THREAD_MULTIPLE, provided),
  );
  const version = readText((bytes, length) => void libraryVersion(bytes, length)).split("\n")[0];
  if (provided[0] < THREAD_MULTIPLE)
    throw new EnvironmentError(
      "MPI",
      `${version} was built without threads (MPI_THREAD_MULTIPLE); install another build`,
    );
  check("MPI_Comm_set_errhandler", native(`int MPI_Comm_set_errhandler(${handle}, ${handle})`)(world, errorsReturn));
  const allReduce = library.func(`int MPI_Allreduce(intptr_t, void*, int, ${handle}, ${handle}, ${handle})`);
  const abort = native(`int MPI_Abort(${handle}, int)`);
  const finalize = native("int MPI_Finalize()");
  // Open MPI unloads its modules, and a thread that has summed by TCP would end in their code: a segmentation fault at the very end.
  const endHere = koffi.load(null).func("void _exit(int)") as (code: number) => void;
  return {
    version,
    rank: ask("MPI_Comm_rank"),
    size: ask("MPI_Comm_size"),
    sum: (values) =>
      new Promise((resolve, reject) => {
        const settle = (error: unknown, code: number): void => {
          try {
            if (error) throw error;
            check("MPI_Allreduce", code);
            resolve();
          } catch (cause) {
            reject(cause);
          }
        };
        (allReduce.async as NativeLater)(inPlace, values, values.length, float, sum, world, settle);
      }),
    finalize: () => {
      check("MPI_Finalize", finalize());
      process.once("exit", (code) => endHere(code));
    },
    abort: (code) => void abort(world, code),
  };
}
