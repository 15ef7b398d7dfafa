// On all pages: lines to paste with the page's own address, buttons that copy them, and times that
// tell how long ago something was.

import { tellOwnAddress } from "./address.js";
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
  tellOwnAddress(part);
  addCopyButtons(part);
  tellTimes(part);
}
