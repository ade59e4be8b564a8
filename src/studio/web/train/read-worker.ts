import { serveInWorker } from "../../../jobs/web/worker.ts";
import type { reading } from "./read-job.ts";
import { readImages } from "./read-images.ts";

serveInWorker<typeof reading>(readImages, { transfer: ({ images }) => [images.buffer] });
