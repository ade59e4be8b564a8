import { render } from "preact";
import { App } from "./app.tsx";
import { isBusy } from "./busy.ts";
import { registerServiceWorker } from "./isolation.ts";

render(<App />, document.querySelector("#app")!);
void registerServiceWorker(isBusy);
