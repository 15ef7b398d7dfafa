// The graph of a model's layers: models in it fold, and it is scrolled and zoomed.

import { Drawing, TOLD } from "./draw.js";
import { layoutOf } from "./layout.js";
import { modelsIn, someLayer, treeOf } from "./tree.js";

const MOST_OPEN = 120;
/** With more layers, models inside are folded at first. */
const STEP = 1.25;
const SCALES = [0.2, 2];
const SMALLEST_FIRST = 0.6;

/** Draw the graph if a part of the page has its data, when the reader comes near. */
export function drawGraph(part) {
  const place = part.querySelector("#graph");
  const data = part.querySelector("#graph-data");
  if (!place || !data) return;
  place.hidden = false;
  place.className = "graph";
  const near = new IntersectionObserver(([seen]) => {
    if (!seen.isIntersecting) return;
    near.disconnect();
    new GraphView(place, treeOf(JSON.parse(data.textContent))).draw();
  }, { rootMargin: "800px" });
  near.observe(place);
}

class GraphView {
  constructor(place, model) {
    this.model = model;
    this.models = [...modelsIn(model)];
    this.open = new Set(model.layers > MOST_OPEN ? [] : this.models);
    this.scale = undefined;
    this.field = document.createElement("div");
    this.field.className = "field";
    this.field.tabIndex = 0;
    this.field.setAttribute("role", "region");
    this.field.setAttribute("aria-label", "Graph of the layers");
    place.replaceChildren(this.buttons(), this.field);
    this.field.addEventListener("click", (event) => this.onToggle(event));
    this.field.addEventListener("keydown", (event) => this.onKey(event));
    this.field.addEventListener("scroll", () => this.onScroll());
  }

  draw() {
    const isOpen = (model) => this.open.has(model);
    const plan = layoutOf(this.model, isOpen);
    this.scale ??= Math.min(1, Math.max(SMALLEST_FIRST, this.fitting(plan)));
    this.drawing = new Drawing(this.field, plan, isOpen, this.scale);
  }

  fitting(plan) {
    return this.field.clientWidth / Drawing.width(plan);
  }

  buttons() {
    const bar = document.createElement("div");
    bar.className = "buttons";
    const add = (text, label, action) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: text });
      if (label) button.setAttribute("aria-label", label);
      button.addEventListener("click", action);
      bar.append(button);
    };
    add("−", "Smaller", () => this.zoom(this.scale / STEP));
    add("+", "Larger", () => this.zoom(this.scale * STEP));
    add("Fit the width", "", () => this.zoom(this.fitting(this.drawing.plan)));
    if (this.models.length) {
      add("Unfold all", "", () => this.setOpen(this.models));
      add("Fold all", "", () => this.setOpen([]));
    }
    bar.append(this.told());
    return bar;
  }

  told() {
    const told = document.createElement("span");
    told.className = "told";
    told.textContent = this.models.length ? "Click a model to fold or unfold it" : "";
    for (const [became, words] of Object.entries(TOLD)) {
      if (!someLayer(this.model, (layer) => layer.became === became)) continue;
      const key = document.createElement("span");
      key.className = `key ${became}`;
      key.textContent = words;
      told.append(key);
    }
    return told;
  }

  zoom(scale) {
    this.scale = Math.min(SCALES[1], Math.max(SCALES[0], scale));
    this.drawing.scale = this.scale;
    this.drawing.resize();
    this.drawing.show();
  }

  setOpen(models) {
    this.open = new Set(models);
    this.draw();
  }

  onToggle(event) {
    const path = event.target.closest("[data-path]")?.dataset.path;
    const model = this.models.find((one) => one.path === path);
    if (!model) return;
    if (!this.open.delete(model)) this.open.add(model);
    const { scrollLeft, scrollTop } = this.field;
    this.draw();
    Object.assign(this.field, { scrollLeft, scrollTop });
    this.drawing.focus(path);
  }

  onKey(event) {
    if ((event.key === "Enter" || event.key === " ") && event.target.dataset.path !== undefined) {
      event.preventDefault();
      this.onToggle(event);
    }
  }

  onScroll() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = undefined;
      if (this.drawing.isPartly) this.drawing.show();
    });
  }
}
