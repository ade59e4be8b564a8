import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { type Call, callRemote, type Order } from "./remote.ts";

test("a call that was sent holds its input no longer", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const sent: Order<unknown>["kind"][] = [];
  // Apart, so that nothing below holds what it makes.
  const begin = (): { readonly call: Call<never, string>; readonly input: WeakRef<object> } => {
    const input = new Uint8Array(1e6);
    const send = ({ kind }: Order<unknown>): void => void sent.push(kind);
    const call = callRemote<object, never, string>("training", input, { send, kill: () => undefined }, {});
    call.start();
    return { call, input: new WeakRef(input) };
  };
  const { call, input } = begin();
  const isHeld = (): boolean => {
    collect();
    return input.deref() !== undefined;
  };
  await expect.poll(isHeld).toBe(false);
  call.running.stop();
  call.receive({ kind: "result", result: "done" });
  expect(await call.running.result).toBe("done");
  expect(sent).toEqual(["start", "stop"]);
});
