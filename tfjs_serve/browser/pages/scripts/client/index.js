// client.js: live models for pages. With `?reload` behind its URL, it reloads the page instead.

import { reloadOnChange } from "./reload.js";

export { liveModel } from "./live_model.js";
export { LiveError } from "./live_error.js";
export { reloadOnChange } from "./reload.js";
export { subscribe } from "./subscribe.js";

const here = new URL(import.meta.url);
if (here.searchParams.has("reload")) reloadOnChange(new URL("../", here).href);
