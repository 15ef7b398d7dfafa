// Try a model in its page.

import { withUrls } from "./backends.js";
import { App } from "./ui/app.js";

/** Of this server; a proxy may have put something before all paths. */
const root = new URL("../../", import.meta.url);
const given = document.getElementById("try-data");
if (given) begin(urlsIn(JSON.parse(given.textContent)));

function begin(data) {
  const app = new App(document.getElementById("try-app"), data);
  addEventListener("pagehide", () => app.stop());
  follow(app, data.exactName);
}

/** Let the app know when the model may have changed. */
async function follow(app, exactName) {
  const { subscribe } = await import(new URL("-/client.js", root).href);
  subscribe(root.href, (event) => {
    if (event.kind === "hello" || event.exactName === exactName) app.mayHaveChanged();
  });
}

/** The server tells paths on itself. */
function urlsIn(data) {
  const absolute = (path) => (path?.startsWith("/") ? new URL(path.slice(1), root).href : path);
  const variants = Object.entries(data.variants).map(([name, path]) => [name, absolute(path)]);
  return {
    ...data,
    before: data.before.map((one) => ({ ...one, url: absolute(one.url) })),
    variants: Object.fromEntries(variants),
    vocabularyUrl: absolute(data.vocabularyUrl),
    tfjs: withUrls(data.tfjs, absolute),
  };
}
