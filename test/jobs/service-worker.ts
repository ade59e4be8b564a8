import { serveRequests } from "../../src/jobs/web/service.ts";
import { OptionError } from "../../src/tensor/errors.ts";
import type { counting } from "./service.web.test.ts";

let sum = 0;

// Keeps a sum from one request to the next; 0 is refused, a negative number ends the worker.
serveRequests<typeof counting>({
  answer: async (added, report) => {
    if (added === 0) throw new OptionError("added", "must not be 0");
    if (added < 0)
      setTimeout(() => {
        throw new Error("lost");
      });
    if (added < 0) await new Promise(() => undefined);
    report(`adding ${added}`);
    await new Promise((resolve) => setTimeout(resolve, 20 - added));
    sum += added;
    return Float32Array.of(sum);
  },
  transfer: (answer) => [answer.buffer],
});
