import { render } from "preact";
import { App } from "./app.tsx";
import { registerServiceWorker } from "./isolation.ts";
import { engine } from "./page-engine.ts";

render(<App />, document.querySelector("#app")!);
void registerServiceWorker(() => engine.isBusy());
