import { connect } from "node:net";
import { EnvironmentError } from "../../tensor/errors.ts";

/** What a server answered. */
export interface Answer {
  readonly status: number;
  readonly hasRetryAfter: boolean;
}

/** A connection that carries one request after the other. */
export interface Connection {
  readonly opened: Promise<void>;
  /** Sends a whole request, and reads the whole answer. @throws {EnvironmentError} if the server closes before */
  readonly exchange: (request: Buffer) => Promise<Answer>;
  readonly close: () => void;
}

/** What is read of an answer's head; it must say its length. */
function readHead(head: string): Answer & { readonly length: number } {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (length === null) throw new EnvironmentError("answer", `says no length: ${head.slice(0, 100)}`);
  return {
    status: Number(head.slice(9, 12)),
    hasRetryAfter: /\r\nretry-after:/i.test(head),
    length: Number(length[1]),
  };
}

/** Connects to a port of this machine. */
export function openConnection(port: number): Connection {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let pieces: Buffer[] = [];
  let had = 0;
  let head: ReturnType<typeof readHead> | undefined;
  let start = 0;
  let pending: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void } | undefined;
  socket.on("data", (piece: Buffer) => {
    had += piece.length;
    if (head === undefined) {
      pieces.push(piece);
      const whole = pieces.length === 1 ? piece : Buffer.concat(pieces);
      const end = whole.indexOf("\r\n\r\n");
      if (end < 0) return;
      head = readHead(whole.toString("latin1", 0, end));
      start = end + 4;
    }
    if (had < start + head.length) return;
    const answer = head;
    [pieces, had, head] = [[], 0, undefined];
    pending?.resolve(answer);
    pending = undefined;
  });
  socket.on("error", () => undefined);
  socket.once("close", () => pending?.reject(new EnvironmentError("server", "closed a connection before it answered")));
  return {
    opened: new Promise((resolve, reject) => {
      socket.once("connect", () => resolve()).once("error", reject);
    }),
    exchange: (request) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new EnvironmentError("server", "closed a connection between requests"));
        pending = { resolve, reject };
        socket.write(request);
      }),
    close: () => socket.destroy(),
  };
}
