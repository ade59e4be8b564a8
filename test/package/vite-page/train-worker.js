import * as ort from "onnxruntime-web/wasm";
import { serveTraining } from "residua/train/web";

serveTraining({ ort });
