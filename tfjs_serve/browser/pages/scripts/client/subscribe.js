// Events of a server, for all who want them in this page.

import { listen } from "../streams/shared.js";

/** How long the frame may take to answer; a page's policy may forbid it. */
const FRAME_MS = 3_000;

const connections = new Map();

/**
 * Be told what happens to the models of a server.
 *
 * @param serverUrl where the server is
 * @param onEvent is given `{kind, name, exactName, url, ...}`; of kind `hello`, if something may
 *     have happened that was not told
 * @returns a function that ends this
 */
export function subscribe(serverUrl, onEvent) {
  const root = new URL(serverUrl, location.href).href.replace(/[?#].*$/, "").replace(/\/*$/, "/");
  const connection = connections.get(root) ?? connect(root);
  connections.set(root, connection);
  const listener = (event) => onEvent(event);
  connection.listeners.add(listener);
  if (connection.isOpen) queueMicrotask(() => listener({ kind: "hello", resumed: false }));
  return () => {
    connection.listeners.delete(listener);
    if (connection.listeners.size > 0) return;
    connection.end();
    connections.delete(root);
  };
}

function connect(root) {
  const connection = { listeners: new Set(), isOpen: false, end: () => {} };
  const hear = ({ kind, data }) => {
    connection.isOpen = true;
    if (kind === "beat") return;
    const url = data.url ? root + data.url.replace(/^\//, "") : null;
    const event = kind === "hello" ? { kind, ...data } : { kind, ...data, url };
    for (const listener of [...connection.listeners]) tell(listener, event);
  };
  connection.end = throughFrame(root, hear, () => {
    if (connection.listeners.size === 0) return;
    connection.end = listen(root, null, hear);
  });
  return connection;
}

/** One listener that throws keeps the event from no other. */
function tell(listener, event) {
  try {
    listener(event);
  } catch (error) {
    console.error(error);
  }
}

/** Listen through a hidden frame of the server; `onFailure` is called if that does not work. */
function throughFrame(root, onMessage, onFailure) {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.title = "tfjs-serve";
  frame.setAttribute("aria-hidden", "true");
  frame.src = new URL("-/relay.html", root).href;
  const { origin } = new URL(root);
  const fail = () => {
    end();
    onFailure();
  };
  const timer = setTimeout(fail, FRAME_MS);
  function hear({ source, origin: from, data }) {
    if (source !== frame.contentWindow || from !== origin || !data?.tfjsServe) return;
    clearTimeout(timer);
    if (data.tfjsServe.kind === "alone") fail();
    else onMessage(data.tfjsServe);
  }
  function end() {
    clearTimeout(timer);
    removeEventListener("message", hear);
    frame.remove();
  }
  addEventListener("message", hear);
  frame.addEventListener("load", () => {
    frame.contentWindow?.postMessage("tfjs-serve listen", origin);
  });
  whenThereIsABody(() => document.body.append(frame));
  return end;
}

function whenThereIsABody(act) {
  if (document.body) act();
  else document.addEventListener("DOMContentLoaded", act, { once: true });
}
