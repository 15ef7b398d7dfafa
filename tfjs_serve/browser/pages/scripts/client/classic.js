// client-classic.js: the same for pages without modules, as the global variable `tfjsServe`.

import { LiveError } from "./live_error.js";
import { liveModel } from "./live_model.js";
import { reloadOnChange } from "./reload.js";
import { subscribe } from "./subscribe.js";

const here = document.currentScript?.src;
globalThis.tfjsServe = { liveModel, subscribe, reloadOnChange, LiveError };
if (here && new URL(here).searchParams.has("reload")) {
  reloadOnChange(new URL("../", here).href);
}
