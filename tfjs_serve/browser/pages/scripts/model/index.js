// The page of a model: tabs of code, the graph of its layers, and what changes.

import { keepCurrent, remember } from "../shared/live.js";
import { refine, start } from "../shared/page.js";
import { drawGraph } from "./graph.js";
import { makeTabs } from "./tabs.js";

function enliven(part) {
  for (const tabs of part.querySelectorAll(".tabs")) makeTabs(tabs);
  drawGraph(part);
}

remember();
start();
enliven(document);
const names = JSON.parse(document.querySelector("[data-names]").dataset.names);
keepCurrent(
  (event) => !event.name || names.includes(event.name),
  (part) => {
    refine(part);
    enliven(part);
  },
);
