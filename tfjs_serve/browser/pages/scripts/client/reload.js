// Reloads a page whenever a model has changed that it loaded, however it loads it.

import { follow } from "./follow.js";
import { hideProblem, showProblem } from "./overlay.js";

/**
 * Reload this page when a model of the server has changed that it asked for.
 *
 * @returns a function that ends this
 */
export function reloadOnChange(serverUrl) {
  const root = new URL(serverUrl, location.href).href;
  const followed = new Map();

  function notice({ name }) {
    const url = name.replace(/[?#].*$/, "");
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

  const observer = new PerformanceObserver((list) => list.getEntries().forEach(notice));
  observer.observe({ type: "resource", buffered: true });
  return () => {
    observer.disconnect();
    for (const following of followed.values()) following.stop();
  };
}
