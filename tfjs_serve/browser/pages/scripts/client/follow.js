// Follows one model.json: asks for it when something has happened, and hands on what is new.

import { addressOf, isAbout, isAboutVariant } from "./addresses.js";
import { cutOff, errorOf, LiveError } from "./live_error.js";
import { subscribe } from "./subscribe.js";

const GENERATION = "Tfjs-Serve-Generation";
const ROOT = "Tfjs-Serve-Root";
const STALE = "Tfjs-Serve-Stale";

/** Why an old version is served is told in an event, with all that is known, or else by the answer. */
const EVENT_MS = 500;
const AGAIN_MS = 2_000;
/** How often a generation is asked for whose files do not all come, as when a server ends meanwhile. */
const MOST_ATTEMPTS = 5;

/**
 * Follow the model.json at a URL.
 *
 * @param onGeneration `async ({document, generation, root})`; what it throws goes to `onError`
 * @param onError is given each reason once
 * @param onFine is called when what was told is over
 */
export function follow(url, { onGeneration, onError, onFine = () => {} }) {
  let current; // of the generation that was handed on
  let root = null;
  let address = null;
  let unsubscribe = () => {};
  let told = null;
  let doubted = null; // what will be told unless it is over by then
  let reason = null; // why the last answer was an old version
  let isStopped = false;
  let isBusy = false;
  let attempts = 0;
  let again = false;
  let expected = null; // the generation that was told to be ready since the last look
  const timers = new Set();

  function later(milliseconds, act) {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, milliseconds);
    timers.add(timer);
  }

  /** Look at the model now, or once more after the look that is under way. */
  async function look() {
    again = true;
    if (isBusy) return;
    isBusy = true;
    while ((again || isBehind()) && !isStopped) {
      again = false;
      expected = null;
      await lookOnce().catch(fail);
    }
    isBusy = false;
  }

  const isBehind = () => expected !== null && expected !== current;

  async function lookOnce() {
    let response;
    try {
      response = await fetch(url, { cache: "no-cache" });
    } catch (error) {
      if (root === null) throw error;
      return; // the server is away, and says hello when it is back
    }
    if (isStopped) return;
    await begin(response);
    if (!response.ok) throw await errorOf(url, response);
    const text = await response.text().catch(cutOff);
    const generation = response.headers.get(GENERATION);
    const mark = generation ?? text;
    const stale = response.headers.get(STALE) || null;
    if (mark !== current && !isStopped) {
      await onGeneration({ document: JSON.parse(text), generation, root });
      current = mark;
    }
    reason = stale;
    if (stale === null) fine();
    else later(EVENT_MS, () => told ?? doubted ?? (reason === stale && fail(staleError(stale))));
  }

  /** Listen to the server, if it is one that tells what happens. */
  async function begin(response) {
    const relative = response.headers.get(ROOT);
    if (root !== null || relative === null) return;
    root = new URL(relative, url).href;
    address = addressOf(url, root);
    unsubscribe = subscribe(root, hear);
  }

  function hear(event) {
    if (isStopped || (event.kind !== "hello" && !isAbout(address, event))) return;
    if (event.kind === "failed") {
      if (isAboutVariant(address, event)) fail(new LiveError(url, event.error, event.isServed));
    } else if (event.kind === "removed") later(AGAIN_MS, look); // it may be saved anew
    else if (event.kind === "ready") expect(event);
    else if (event.kind !== "checked" && !event.resumed) look();
  }

  /** What is ready may be what the look that is under way is about to find. */
  function expect(event) {
    if (!isAboutVariant(address, event)) return;
    expected = event.generation;
    if (!isBusy && isBehind()) look();
  }

  function fail(error) {
    if (isStopped) return;
    if (error.isPassing || (error.isCutOff && isWorthAnAttempt())) return later(AGAIN_MS, look);
    if ([told, doubted?.message].includes(error.message)) return;
    doubted = error.isDoubtful && current !== undefined ? error : null;
    if (doubted === null) return tell(error);
    later(AGAIN_MS, () => doubted === error && tell(error));
  }

  function tell(error) {
    [told, doubted] = [error.message, null];
    onError(error);
  }

  /** A page that has a model can wait for a server that comes back. */
  function isWorthAnAttempt() {
    attempts += 1;
    return current !== undefined && attempts < MOST_ATTEMPTS;
  }

  function fine() {
    [attempts, doubted] = [0, null];
    if (told === null) return;
    told = null;
    onFine();
  }

  function staleError(text) {
    return new LiveError(url, { code: "stale", message: decodeURIComponent(text) }, true);
  }

  return {
    look,
    get root() {
      return root;
    },
    stop() {
      isStopped = true;
      for (const timer of timers) clearTimeout(timer);
      unsubscribe();
    },
  };
}
