import type { Templates } from "../templates.ts";
import { artifactErrors } from "./artifacts.ts";
import { commandErrors } from "./commands.ts";
import { commonErrors } from "./common.ts";
import { dataErrors } from "./data.ts";
import { networkErrors } from "./networks.ts";
import { onnxErrors } from "./onnx.ts";
import { pageErrors } from "./pages.ts";
import { rankErrors } from "./ranks.ts";
import { serveErrors } from "./serve.ts";
import { storeErrors } from "./store.ts";
import { tableErrors } from "./tables.ts";
import { studyErrors } from "./studies.ts";
import { taskErrors } from "./tasks.ts";
import { weightsErrors } from "./weights.ts";

/** Errors of the library and of commander, clause by clause. One that is not here is printed in English. */
export const errorTexts: Templates = {
  ...commonErrors,
  ...commandErrors,
  ...artifactErrors,
  ...dataErrors,
  ...networkErrors,
  ...studyErrors,
  ...onnxErrors,
  ...taskErrors,
  ...weightsErrors,
  ...serveErrors,
  ...storeErrors,
  ...tableErrors,
  ...pageErrors,
  ...rankErrors,
};
