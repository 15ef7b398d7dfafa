// On all pages: buttons that copy code, and times that tell how long ago something was.

import { addCopyButtons, copyOnClick } from "./copy.js";
import { tellTimes } from "./times.js";

const MINUTE_MILLISECONDS = 60_000;

export function start() {
  copyOnClick();
  refine(document);
  setInterval(() => tellTimes(document), MINUTE_MILLISECONDS);
}

/** Do for a part of a page what no server can. */
export function refine(part) {
  addCopyButtons(part);
  tellTimes(part);
}
