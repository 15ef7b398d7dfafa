// Keeps a page as the server would make it now: the page is asked for again, and parts that differ
// take the place of those that are shown.

const QUIET_MILLISECONDS = 150;
const PAUSE_MILLISECONDS = 200;

/**
 * Refresh the parts of the page, those with `data-live`, when something happens.
 *
 * @param isOurs Whether an event is of interest.
 * @param onChange Called with each part that was replaced, and what it was.
 */
export async function keepCurrent(isOurs, onChange) {
  const root = new URL("../../", import.meta.url);
  const refresh = paced(() => refreshed(onChange));
  try {
    const { subscribe } = await import(new URL("-/client.mjs", root).href);
    subscribe(root.href, (event) => isOurs(event) && refresh());
  } catch {
    // Without the stream of events, the page is as it was when it was loaded.
  }
}

/** Ask for the page, of another address if one is given, and show what differs. */
export async function refreshed(onChange, address = location.href) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const newer = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const other = newer.querySelector(`[data-live="${part.dataset.live}"]`);
    if (other && !sameText(part, other)) replace(part, other, onChange);
  }
}

/** What scripts add is not compared: the server's own text is kept in `original`. */
const original = new WeakMap();

export function remember() {
  for (const part of document.querySelectorAll("[data-live]")) original.set(part, part.innerHTML);
}

const sameText = (part, other) => original.get(part) === other.innerHTML;

function replace(part, other, onChange) {
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const shown = document.importNode(other, true);
  original.set(shown, other.innerHTML);
  part.replaceWith(shown);
  if (focused) document.getElementById(focused)?.focus();
  onChange(shown, part);
}

/** Return a function that has `action` done soon, once for many calls, and never twice at a time. */
function paced(action) {
  let isWaiting = false;
  let last = Promise.resolve();
  const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
  const act = () => {
    isWaiting = false;
    return action();
  };
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    last = last.then(pause).then(act).catch(() => {});
  };
}

/** Return a function that calls `action` when it has not been called for a moment. */
export function later(action, milliseconds = QUIET_MILLISECONDS) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...given), milliseconds);
  };
}
