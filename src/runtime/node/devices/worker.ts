import { serveJob } from "../../../jobs/node/child-process.ts";
import type { deviceJob } from "./job.ts";
import { openDevice } from "./open-device.ts";

serveJob<typeof deviceJob>(async (device) => {
  const { runtime: _, ...found } = await openDevice(device);
  return found;
});
