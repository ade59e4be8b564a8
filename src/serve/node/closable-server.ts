import type { Server } from "node:net";
import type { PolicyLimits } from "./policy/schema.ts";

/** What a server of either protocol is made from. */
export interface ServerSetting {
  /** TLS; none in the clear. */
  readonly secure: object | undefined;
  readonly limits: PolicyLimits;
  /** Counts a connection on which the protocol was not spoken. */
  readonly fail: (reason: string) => void;
}

/** A server that does not listen yet, and how it is closed when its answers are sent. */
export interface ClosableServer {
  readonly server: Server;
  readonly close: () => Promise<void>;
}
