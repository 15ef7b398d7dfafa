// Draws boxes and edges; of very many, only those that can be seen.

import { baseline, linesOf } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = 16;
const MOST_DRAWN = 900;
const AROUND = 800;
/** How far beyond what is seen boxes are drawn, if there are more than `MOST_DRAWN`. */

export class Drawing {
  /**
   * @param field The element that is scrolled.
   * @param plan What `layoutOf` returns.
   * @param isOpen Whether a model is open.
   */
  constructor(field, plan, isOpen, scale) {
    this.field = field;
    this.plan = plan;
    this.isOpen = isOpen;
    this.scale = scale;
    this.svg = element("svg", { role: "group", "aria-label": "Graph of the layers" });
    this.svg.append(arrowHead());
    this.content = element("g", { transform: `translate(${MARGIN} ${MARGIN})` });
    this.svg.append(this.content);
    this.resize();
    field.replaceChildren(this.svg);
    this.show();
  }

  static width(plan) {
    return plan.width + 2 * MARGIN;
  }

  resize() {
    const width = Drawing.width(this.plan);
    const height = this.plan.height + 2 * MARGIN;
    set(this.svg, { viewBox: `0 0 ${width} ${height}` });
    set(this.svg, { width: width * this.scale, height: height * this.scale });
  }

  /** Whether only a part of it is drawn. */
  get isPartly() {
    return this.plan.boxes.length > MOST_DRAWN;
  }

  /** Draw what can be seen. */
  show() {
    const { boxes, edges } = this.plan;
    const isSeen = this.isPartly ? this.seen() : () => true;
    const near = ({ y, height }) => isSeen(y, y + height);
    const kept = document.activeElement?.dataset?.path;
    this.content.replaceChildren(
      ...boxes.filter((box) => box.node.children && near(box)).map((box) => this.box(box)),
      ...edges.filter(({ points }) => isSeen(...range(points))).map(line),
      ...boxes.filter((box) => !box.node.children && near(box)).map((box) => this.box(box)),
    );
    if (kept !== undefined) this.focus(kept);
  }

  focus(path) {
    this.content.querySelector(`[data-path="${CSS.escape(path)}"]`)?.focus({ preventScroll: true });
  }

  seen() {
    const top = this.field.scrollTop / this.scale - AROUND;
    const bottom = (this.field.scrollTop + this.field.clientHeight) / this.scale + AROUND;
    return (from, to) => to > top && from < bottom;
  }

  box({ node, x, y, width, height }) {
    const group = element("g", { class: styleOf(node, this.isOpen), transform: `translate(${x} ${y})` });
    group.append(element("rect", { class: "box", width, height, rx: 6 }));
    const isOpen = node.children && this.isOpen(node);
    linesOf(node).slice(0, isOpen ? 2 : 3).forEach(({ text, style }, index) => {
      const place = isOpen ? { x: 14 } : { x: width / 2, "text-anchor": "middle" };
      const label = element("text", { class: style, y: baseline(index), ...place });
      label.textContent = text;
      group.append(label);
    });
    if (node.children) {
      const state = { "aria-expanded": isOpen, "data-path": node.path };
      set(group, { role: "button", tabindex: 0, ...state });
    } else {
      group.append(titleOf(node));
    }
    group.addEventListener("pointerenter", () => this.light(node, true));
    group.addEventListener("pointerleave", () => this.light(node, false));
    return group;
  }

  light(node, isLit) {
    for (const path of this.content.querySelectorAll(".edge")) {
      if (path.ends.includes(node)) path.classList.toggle("lit", isLit);
    }
  }
}

function styleOf(node, isOpen) {
  if (node.children) return isOpen(node) ? "open" : "folded";
  return `layer ${node.became} ${node.kind === "InputLayer" ? "end" : ""}`;
}

function titleOf(node) {
  const title = element("title", {});
  title.textContent = [
    `${node.path || node.name}: ${node.kind}`,
    node.shape && `output ${node.shape}`,
    `${node.parameters.toLocaleString("en")} parameters`,
    node.became && TOLD[node.became],
  ]
    .filter(Boolean)
    .join("\n");
  return title;
}

/** What became of a layer, as it is marked. */
export const TOLD = {
  lowered: "other layers that compute the same",
  companion: "a layer of layers.js",
  own: "a layer of the page",
};

function line({ points, from, to }) {
  const path = element("path", { class: "edge", d: smooth(points), "marker-end": "url(#arrow)" });
  path.ends = [from, to];
  return path;
}

/** Return a path through points with round corners. */
function smooth(points) {
  const [first, ...rest] = points;
  const last = rest.pop();
  const corners = rest.map((point, index) => {
    const following = rest[index + 1] ?? last;
    const end = { x: (point.x + following.x) / 2, y: (point.y + following.y) / 2 };
    return `Q${at(point)} ${at(end)}`;
  });
  return `M${at(first)} ${corners.join(" ")} L${last.x} ${last.y - 4}`;
}

const at = ({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`;

const range = (points) => {
  const heights = points.map(({ y }) => y);
  return [Math.min(...heights), Math.max(...heights)];
};

function arrowHead() {
  const defs = element("defs", {});
  const marker = element("marker", {
    id: "arrow",
    viewBox: "0 0 8 8",
    refX: 5,
    refY: 4,
    markerWidth: 7,
    markerHeight: 7,
    markerUnits: "userSpaceOnUse",
    orient: "auto",
  });
  marker.append(element("path", { d: "M0 0.5 8 4 0 7.5Z" }));
  defs.append(marker);
  return defs;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  set(made, attributes);
  return made;
}

function set(target, attributes) {
  for (const [key, value] of Object.entries(attributes)) target.setAttribute(key, value);
}
