// One stream for all pages of an origin, without a worker: the one that holds a lock has it, and
// broadcasts what it hears. The browser hands the lock on when that page is closed or crashes.

import { HELLO, SILENCE_MS } from "./kinds.js";

export const canElect = () => Boolean(globalThis.navigator?.locks && globalThis.BroadcastChannel);

/**
 * Take part; returns a function that ends this.
 *
 * @param name that of the lock and of the channel
 * @param open `(onMessage, after)` opens a stream and returns what closes it
 * @param onRefused is called if there are no locks for this page, as in some frames
 */
export function elected(name, open, onMessage, onRefused) {
  const channel = new BroadcastChannel(name);
  let lastId = "";
  let leave = () => {};
  let waiting = new AbortController();
  let timer;

  function hear(message) {
    lastId = message.id ?? lastId;
    clearTimeout(timer);
    timer = setTimeout(() => stand({ steal: true }), SILENCE_MS);
    onMessage(message);
  }

  function lead() {
    return new Promise((resolve) => {
      const tell = (message) => {
        hear(message);
        channel.postMessage(message);
      };
      const close = open(tell, lastId);
      leave = () => {
        close();
        resolve();
      };
    });
  }

  /** Wait for the lock; with `steal`, take it from a page that says nothing any more. */
  function stand(options) {
    waiting.abort();
    leave();
    waiting = new AbortController();
    const how = options.steal ? options : { signal: waiting.signal };
    const { signal } = waiting;
    navigator.locks.request(name, how, lead).catch((error) => {
      leave(); // another page has taken it, or this one has given up
      if (error.name !== "AbortError") onRefused();
      else if (!signal.aborted) stand({});
    });
  }

  channel.addEventListener("message", ({ data }) => hear(data));
  hear(HELLO); // there may be a stream already, which says no more hello
  stand({});
  return () => {
    clearTimeout(timer);
    waiting.abort();
    leave();
    channel.close();
  };
}
