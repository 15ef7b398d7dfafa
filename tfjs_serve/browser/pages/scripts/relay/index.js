// In a hidden frame of the server's own origin: hands events on to the page that the frame is in.
//
// Which pages may have it in a frame is what its `frame-ancestors` says, so its parent is one of
// those that may read models.

import { listen } from "../streams/shared.js";

const root = new URL("../", location.href).href;
const worker = document.querySelector("meta[name=worker]").content;

let pageOrigin = null;

function tell(message) {
  parent.postMessage({ tfjsServe: message }, pageOrigin);
}

addEventListener("message", ({ source, origin, data }) => {
  if (source !== parent || data !== "tfjs-serve listen" || pageOrigin !== null) return;
  pageOrigin = origin;
  tell({ kind: "beat" }); // so that the page sees that there is a relay
  // Without anything to share a stream by in this frame, the page may have it.
  listen(root, new URL(worker, location.href).href, tell, () => tell({ kind: "alone" }));
});
