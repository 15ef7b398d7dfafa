// What the models have cost so far: to fetch, to load, and to predict.

import { median, readableBytes, readableTime } from "../measures.js";
import { h } from "./dom.js";

const HEADS = ["Load", "From the network", "From the cache", "Warm-up", "Median prediction"];

/** @param models `{name, loaded}[]` */
export function costs(backend, models) {
  const head = h("tr", {}, h("th", { scope: "col" }, `On ${backend}`), HEADS.map((text) => h("th", { scope: "col" }, text)));
  const rows = models.map(({ name, loaded }) => h("tr", {}, h("th", { scope: "row" }, name), cells(loaded).map((text) => h("td", {}, text))));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Times and sizes" },
    h("table", { class: "costs" }, h("thead", {}, head), h("tbody", {}, rows)));
}

function cells({ milliseconds, bytes, warmUp, times }) {
  return [
    readableTime(milliseconds),
    readableBytes(bytes.network),
    readableBytes(bytes.cache),
    warmUp === null ? "" : readableTime(warmUp),
    times.length ? `${readableTime(median(times))} (${times.length} times)` : "",
  ];
}
