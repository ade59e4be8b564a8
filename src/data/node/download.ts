import { EnvironmentError, FormatError } from "../../tensor/errors.ts";

/** Reports the progress of a download. */
export type FetchProgress = (message: string) => void;

/** The limits of a download. */
export interface DownloadOptions {
  /** The most bytes to hold in memory. Default 400 MB: the largest set takes 190. */
  readonly limit?: number;
  /** How long the server may stay silent. Default one minute; the total time is unlimited. */
  readonly stallMilliseconds?: number;
}

/** 400 MB: the limit of a download and of its unpacked size. */
export const maximumBytes = 400_000_000;

/**
 * Downloads a file into memory, completely or not at all.
 *
 * @throws {EnvironmentError} if the server cannot be reached, refuses, falls silent or breaks off
 * @throws {FormatError} if it sends more than the limit
 */
export async function download(
  address: string,
  progress: FetchProgress,
  { limit = maximumBytes, stallMilliseconds = 60_000 }: DownloadOptions = {},
): Promise<Uint8Array> {
  const silence = createSilenceGuard(stallMilliseconds);
  const chunks: Uint8Array[] = [];
  let [received, total] = [0, 0];
  try {
    const response = await fetch(address, { signal: silence.signal, headers: { "accept-encoding": "identity" } });
    if (!response.ok || response.body === null)
      throw new EnvironmentError(address, `answered ${response.status} ${response.statusText}`);
    total = lengthOf(response.headers);
    for await (const chunk of response.body) {
      silence.restart();
      received += chunk.length;
      if (received > limit) throw new FormatError(address, `sends more than ${limit} bytes`);
      chunks.push(chunk);
      progress(`${address}: ${(received / 1e6).toFixed(0)}${total > 0 ? ` of ${(total / 1e6).toFixed(0)}` : ""} MB`);
    }
  } catch (error) {
    if (error instanceof EnvironmentError || error instanceof FormatError) throw error;
    throw new EnvironmentError(address, explainBreak(error, { received, total, isSilent: silence.signal.aborted }), {
      cause: error,
    });
  } finally {
    silence.end();
  }
  if (total > 0 && received !== total) throw new EnvironmentError(address, cutOff(received, total));
  return Buffer.concat(chunks);
}

/** Expected bytes; 0 if the server does not say or compresses the transfer. */
function lengthOf(headers: Headers): number {
  return headers.has("content-encoding") ? 0 : Number(headers.get("content-length") ?? 0);
}

function cutOff(received: number, total: number): string {
  return `was truncated after ${received}${total > 0 ? ` of ${total}` : ""} bytes; try again`;
}

interface Break {
  readonly received: number;
  readonly total: number;
  readonly isSilent: boolean;
}

function explainBreak(error: unknown, { received, total, isSilent }: Break): string {
  if (isSilent) return `sent nothing for too long, after ${received} bytes; try again`;
  if (received > 0) return cutOff(received, total);
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return `cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}`;
}

/** A signal that aborts unless restarted within this time. */
function createSilenceGuard(milliseconds: number): {
  readonly signal: AbortSignal;
  restart(): void;
  end(): void;
} {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), milliseconds);
  return { signal: controller.signal, restart: () => timer.refresh(), end: () => clearTimeout(timer) };
}
