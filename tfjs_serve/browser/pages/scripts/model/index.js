// The page of a model: tabs of code, the graph of its layers, and what changes.

import { keepCurrent, refreshed, remember } from "../shared/live.js";
import { refine, start } from "../shared/page.js";
import { drawGraph } from "./graph.js";
import { measureOnClick, showMeasuring } from "./measuring.js";
import { makeTabs } from "./tabs.js";

function enliven(part) {
  for (const tabs of part.querySelectorAll(".tabs")) makeTabs(tabs);
  showMeasuring(part);
  drawGraph(part);
}

function renew(part) {
  refine(part);
  enliven(part);
}

remember();
start();
enliven(document);
measureOnClick(() => refreshed(renew));
const names = JSON.parse(document.querySelector("[data-names]").dataset.names);
keepCurrent((event) => !event.name || names.includes(event.name), renew);
