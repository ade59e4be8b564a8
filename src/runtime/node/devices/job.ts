import { builtFile } from "../../../files/node.ts";
import type { ChildJob } from "../../../jobs/node/child-process.ts";
import type { Device } from "../../device.ts";
import type { OpenedDevice } from "./open-device.ts";

/** Opens a device in a process of its own, since a driver may end the process or print what it likes. */
export const deviceJob: ChildJob<Device, never, Omit<OpenedDevice, "runtime">> = {
  name: "device",
  worker: builtFile(import.meta.url, "./worker.js"),
};
