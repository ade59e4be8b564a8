import { ResiduaError } from "../../tensor/errors.ts";

/** A request that cannot be met, with the HTTP status that says so. */
export class RequestError extends ResiduaError {
  override readonly name: string = "RequestError";
  readonly status: number;
  /** Seconds after which it is worth trying again. */
  readonly retryAfter: number | undefined;

  constructor(
    status: number,
    where: string,
    detail: string,
    { retryAfter, cause }: { readonly retryAfter?: number; readonly cause?: unknown } = {},
  ) {
    super(where, detail, cause === undefined ? undefined : { cause });
    this.status = status;
    this.retryAfter = retryAfter;
  }
}
