// One stream of events from the server, which is opened again whenever it has ended.
//
// EventSource does that itself, except after an answer such as 503, and where nothing tells it that
// the connection is dead.

import { KINDS, SILENCE_MS } from "./kinds.js";

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/**
 * Open a stream; returns a function that closes it.
 *
 * @param root URL of the server, with a slash at its end
 * @param onMessage is given `{kind, id, data}`
 * @param after id of the last event that is known, if any
 */
export function openStream(root, onMessage, after = "") {
  let lastId = after;
  let retryMs = FIRST_RETRY_MS;
  let source;
  let timer;

  function open() {
    const url = new URL("-/events", root);
    if (lastId) url.searchParams.set("after", lastId);
    source = new EventSource(url);
    for (const kind of KINDS) source.addEventListener(kind, heard);
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      openIn(retryMs);
      retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
    });
    openIn(SILENCE_MS);
  }

  function heard({ type, lastEventId, data }) {
    lastId = lastEventId;
    retryMs = FIRST_RETRY_MS;
    openIn(SILENCE_MS);
    onMessage({ kind: type, id: lastEventId, data: JSON.parse(data) });
  }

  /** Open it anew after a while; what is heard before puts that off. */
  function openIn(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(() => {
      source.close();
      open();
    }, milliseconds);
  }

  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}
