// Reloads a page whenever a model has changed that it loaded, however it loads it.

import { follow } from "./follow.js";
import { hideProblem, showProblem } from "./overlay.js";

/**
 * Call `notice` with the URL of everything that this page has fetched, and is going to fetch.
 *
 * What was fetched before this script ran is in the browser's list, but only if all of the answer
 * was read, and TensorFlow.js does not read those that say why there is no model.
 */
function noticeRequests(notice) {
  const before = globalThis.fetch;
  const noticing = (input, ...others) => {
    notice(input instanceof Request ? input.url : input);
    return before.call(globalThis, input, ...others);
  };
  globalThis.fetch = noticing;
  const observer = new PerformanceObserver((list) => {
    for (const { name } of list.getEntries()) notice(name);
  });
  observer.observe({ type: "resource", buffered: true });
  return () => {
    observer.disconnect();
    if (globalThis.fetch === noticing) globalThis.fetch = before;
  };
}

/**
 * Reload this page when a model of the server has changed that it asked for.
 *
 * @returns a function that ends this
 */
export function reloadOnChange(serverUrl) {
  const root = new URL(serverUrl, location.href).href;
  const followed = new Map();

  function notice(requested) {
    const url = new URL(requested, location.href).href.replace(/[?#].*$/, "");
    if (!url.startsWith(root) || !url.endsWith("/model.json") || followed.has(url)) return;
    let isFirst = true;
    const following = follow(url, {
      onGeneration: async () => {
        if (!isFirst) location.reload();
        isFirst = false;
      },
      onError: (error) => {
        isFirst = false; // the page could not load it, so it has to do so again
        showProblem(url, error);
      },
      onFine: () => hideProblem(url),
    });
    followed.set(url, following);
    following.look();
  }

  const end = noticeRequests(notice);
  return () => {
    end();
    for (const following of followed.values()) following.stop();
  };
}
