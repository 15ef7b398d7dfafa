// Try a model in its page.

import { App } from "./ui/app.js";

const given = document.getElementById("try-data");
if (given) begin(JSON.parse(given.textContent));

function begin(data) {
  const app = new App(document.getElementById("try-app"), withUrls(data));
  addEventListener("pagehide", () => app.stop());
}

/** The server tells paths on itself; a proxy may have put something before them. */
function withUrls(data) {
  const root = new URL("../../", import.meta.url);
  const absolute = (path) => (path?.startsWith("/") ? new URL(path.slice(1), root).href : path);
  const variants = Object.entries(data.variants).map(([name, path]) => [name, absolute(path)]);
  return {
    ...data,
    variants: Object.fromEntries(variants),
    layersUrl: absolute(data.layersUrl),
    vocabularyUrl: absolute(data.vocabularyUrl),
    tfjs: { ...data.tfjs, url: absolute(data.tfjs.url) },
  };
}
