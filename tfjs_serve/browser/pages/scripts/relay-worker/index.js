// The worker that all pages of a browser share: one stream from the server for all of them.

import { HELLO } from "../streams/kinds.js";
import { openStream } from "../streams/stream.js";

const ROOT = new URL("../../", location.href).href;

const ports = new Set();
let close = null;
let lock = null;

function tell(message) {
  for (const port of ports) port.postMessage(message);
}

function leave(port) {
  ports.delete(port);
  if (ports.size > 0) return;
  close?.();
  close = null;
}

addEventListener("connect", ({ ports: [port] }) => {
  ports.add(port);
  port.addEventListener("message", () => leave(port)); // all that a page says is goodbye
  port.addEventListener("close", () => leave(port));
  port.start();
  port.postMessage({ lock });
  if (close) port.postMessage(HELLO); // a stream that is just being opened begins with one
  close ??= openStream(ROOT, tell);
});

// Pages wait for a lock that this worker never gives back, and so learn at once when it has died.
navigator.locks?.request(`tfjs-serve ${crypto.getRandomValues(new Uint32Array(4))}`, ({ name }) => {
  lock = name;
  tell({ lock });
  return new Promise(() => {});
});
