// Places the layers of a model. Models that are open are placed as a whole, so they are boxes.
//
// Layers in a row need no library: they are put below each other, and dagre places the rows. So a
// model of thousands of layers in a row is placed at once.

import { Graph, layout as place } from "@dagrejs/dagre";

import { layered } from "./layered.js";
import { sizeOf } from "./text.js";

const GAP = 26;
const BESIDE = 30;
const PADDING = 18;
const HEAD = 44;
const UPRIGHT = 13;
const MOST_ROWS = 500;
const MOST_LINKS = 1500;
/** Beyond that, dagre takes many seconds. */

/**
 * @param model As `treeOf` returns it.
 * @param isOpen Whether to show what is inside of a model.
 * @return {width, height, boxes: [{node, x, y, width, height, depth}], edges: [{points, from, to}]}
 */
export function layoutOf(model, isOpen, depth = 0) {
  const items = model.children.map((node) => itemOf(node, isOpen, depth));
  const edges = edgesOf(items);
  const rows = rowsOf(items, edges);
  const links = between(rows, edges);
  const isMuch = rows.length > MOST_ROWS || links.length > MOST_LINKS;
  const placed = isMuch ? layered(rows, links, GAP, BESIDE) : byDagre(rows, links);
  return flattened(rows, placed, edges);
}

function itemOf(node, isOpen, depth) {
  if (!node.children || !isOpen(node)) {
    return { node, depth, ...sizeOf(node), before: [], after: [] };
  }
  const inner = layoutOf(node, isOpen, depth + 1);
  const width = Math.max(inner.width, sizeOf(node).width) + 2 * PADDING;
  const height = inner.height + HEAD + PADDING;
  return { node, depth, inner, width, height, before: [], after: [] };
}

function edgesOf(items) {
  const byName = new Map(items.map((item) => [item.node.name, item]));
  const edges = [];
  for (const to of items) {
    for (const name of to.node.inputs) {
      const from = byName.get(name);
      if (!from || from === to) continue;
      from.after.push(to);
      to.before.push(from);
      edges.push({ from, to });
    }
  }
  return edges;
}

/** Return items that only follow each other, as rows. */
function rowsOf(items) {
  const rows = [];
  const begins = (item) => item.before.length !== 1 || item.before[0].after.length !== 1;
  for (const first of [...items.filter(begins), ...items]) {
    if (first.row) continue;
    const row = { items: [], width: 0, height: -GAP };
    for (let item = first; item && !item.row; item = next(item)) {
      item.row = row;
      item.top = row.height + GAP;
      row.items.push(item);
      row.width = Math.max(row.width, item.width);
      row.height = item.top + item.height;
    }
    rows.push(row);
  }
  return rows;
}

const next = (item) =>
  item.after.length === 1 && item.after[0].before.length === 1 ? item.after[0] : undefined;

function between(rows, edges) {
  rows.forEach((row, index) => (row.id = String(index)));
  return edges.filter(({ from, to }) => from.row !== to.row);
}

function byDagre(rows, links) {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ nodesep: BESIDE, edgesep: 14, ranksep: GAP + 10, marginx: 0, marginy: 0 });
  for (const { id, width, height } of rows) graph.setNode(id, { width, height });
  links.forEach((link, index) => graph.setEdge(link.from.row.id, link.to.row.id, {}, `${index}`));
  place(graph);
  links.forEach((link, index) => {
    link.points = graph.edge(link.from.row.id, link.to.row.id, `${index}`).points;
  });
  for (const row of rows) {
    const { x, y } = graph.node(row.id);
    Object.assign(row, { x: x - row.width / 2, y: y - row.height / 2 });
  }
  const { width = 0, height = 0 } = graph.graph();
  return { width, height };
}

/** Return all boxes and edges with coordinates of the whole. */
function flattened(rows, { width, height }, edges) {
  const boxes = [];
  const lines = [];
  for (const item of rows.flatMap((row) => row.items)) {
    const { node, depth, inner, row } = item;
    item.x = row.x + (row.width - item.width) / 2;
    item.y = row.y + item.top;
    boxes.push({ node, depth, x: item.x, y: item.y, width: item.width, height: item.height });
    if (!inner) continue;
    const dx = item.x + (item.width - inner.width) / 2;
    const dy = item.y + HEAD;
    for (const box of inner.boxes) boxes.push({ ...box, x: box.x + dx, y: box.y + dy });
    for (const { points, ...edge } of inner.edges) {
      lines.push({ ...edge, points: points.map(({ x, y }) => ({ x: x + dx, y: y + dy })) });
    }
  }
  for (const { from, to, points } of edges) {
    lines.push({ from: from.node, to: to.node, points: ended(from, to, points ?? []) });
  }
  return { width, height, boxes, edges: lines };
}

/** Return the way of an edge from the bottom of one box to the top of the other, upright there. */
function ended(from, to, points) {
  const start = { x: from.x + from.width / 2, y: from.y + from.height };
  const end = { x: to.x + to.width / 2, y: to.y };
  if (start.x === end.x && points.length < 4) return [start, end];
  const below = { x: start.x, y: start.y + UPRIGHT };
  const above = { x: end.x, y: end.y - UPRIGHT };
  return [start, below, ...points.slice(1, -1), above, end];
}
