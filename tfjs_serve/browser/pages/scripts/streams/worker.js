// One stream for all pages of an origin: that of a worker which they share.

import { SILENCE_MS } from "./kinds.js";

/** How long the worker may take to start. */
const START_MS = 5_000;

/**
 * Listen to the worker; returns a function that ends this.
 *
 * @param onLost is called once if there is no worker, or none any more; with whether there was one
 */
export function throughWorker(url, onMessage, onLost) {
  const worker = new SharedWorker(url, "tfjs-serve");
  const waiting = new AbortController();
  let isOver = false;
  let hasSpoken = false;
  let timer = setTimeout(lose, START_MS);

  function hear(message) {
    hasSpoken = true;
    clearTimeout(timer);
    timer = setTimeout(lose, SILENCE_MS);
    if (message.lock) lostWith(message.lock);
    else if (message.kind) onMessage(message);
  }

  /** The worker holds this lock for as long as it lives. */
  function lostWith(lock) {
    const options = { mode: "shared", signal: waiting.signal };
    navigator.locks.request(lock, options, lose).catch(() => {});
  }

  function end() {
    isOver = true;
    clearTimeout(timer);
    waiting.abort();
    worker.port.postMessage("bye");
    worker.port.close();
  }

  function lose() {
    if (isOver) return;
    end();
    onLost(hasSpoken);
  }

  worker.addEventListener("error", lose);
  worker.port.addEventListener("message", ({ data }) => !isOver && hear(data));
  worker.port.start();
  return end;
}
