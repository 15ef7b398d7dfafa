// One stream for all pages of an origin, by whatever the browser has for that; open only while this
// page is neither frozen nor kept for the button "back".

import { canElect, elected } from "./elected.js";
import { openStream } from "./stream.js";
import { throughWorker } from "./worker.js";

const AGAIN_MS = 50;
const LATER_MS = 1_000;

/**
 * Listen to the events of a server; returns a function that ends this.
 *
 * @param workerUrl that of the script that pages of this origin share, if they can
 * @param onAlone is called instead of opening a stream for this page alone, if it is given
 */
export function listen(root, workerUrl, onMessage, onAlone = null) {
  let hasWorker = Boolean(workerUrl && globalThis.SharedWorker);
  let hasWorked = false;
  let hasLocks = canElect();
  const open = (tell, after) => openStream(root, tell, after);

  function begin() {
    if (hasWorker) return withWorker();
    if (hasLocks) return withLocks();
    if (onAlone === null) return whileVisible(open, onMessage);
    onAlone();
    return () => {};
  }

  function withLocks() {
    let end = elected(`tfjs-serve ${root}`, open, onMessage, () => {
      end();
      hasLocks = false;
      end = begin();
    });
    return () => end();
  }

  function withWorker() {
    let end = () => {};
    let timer;
    const lost = (hasSpoken) => {
      // One that has died is started again, and if that fails meanwhile, again: with another way, this
      // page would have a stream of its own. Where there never was one, there will be none.
      hasWorked ||= hasSpoken;
      hasWorker = hasWorked;
      timer = setTimeout(() => (end = begin()), hasSpoken ? AGAIN_MS : LATER_MS);
    };
    try {
      end = throughWorker(workerUrl, onMessage, lost);
    } catch {
      lost(false);
    }
    return () => {
      clearTimeout(timer);
      end();
    };
  }

  return whileAwake(begin);
}

/** Do something while this page is not frozen; returns a function that ends it. */
function whileAwake(begin) {
  let end = begin();
  const sleep = () => {
    end?.();
    end = null;
  };
  const wake = () => {
    end ??= begin();
  };
  const listeners = [
    [globalThis, "pagehide", sleep],
    [globalThis, "pageshow", wake],
    [document, "freeze", sleep],
    [document, "resume", wake],
  ];
  for (const [target, name, act] of listeners) target.addEventListener(name, act);
  return () => {
    for (const [target, name, act] of listeners) target.removeEventListener(name, act);
    sleep();
  };
}

/** A stream of this page alone. A browser has only six connections to a server, so not for all. */
function whileVisible(open, onMessage) {
  let close = null;
  let lastId = "";
  function hear(message) {
    lastId = message.id;
    onMessage(message);
  }
  function look() {
    if (document.visibilityState === "visible") close ??= open(hear, lastId);
    else {
      close?.();
      close = null;
    }
  }
  document.addEventListener("visibilitychange", look);
  look();
  return () => {
    document.removeEventListener("visibilitychange", look);
    close?.();
  };
}
