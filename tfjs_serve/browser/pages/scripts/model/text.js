// What stands in the box of a layer, and how large that makes it.

const MOST_CHARACTERS = 34;
const LINE = 17;
const PADDING = 12;
const FONT = "system-ui, sans-serif";

const measure = document.createElement("canvas").getContext("2d");

/** Return the lines of a box: class, name, shape. */
export function linesOf(node) {
  const inside = node.children ? `${node.layers.toLocaleString("en")} layers` : "";
  const shape = node.shape && node.kind !== "InputLayer" ? `→ ${node.shape}` : node.shape;
  return [
    { text: short(node.kind), style: "class" },
    { text: short(node.name), style: "small" },
    { text: short([inside, shape].filter(Boolean).join("  ")), style: "small" },
  ].filter(({ text }) => text);
}

export function sizeOf(node) {
  const lines = linesOf(node);
  const widths = lines.map(({ text, style }) => widthOf(text, style === "class"));
  return { width: Math.ceil(Math.max(...widths)) + 2 * PADDING, height: lines.length * LINE + PADDING };
}

/** Return where the baseline of a line is, from the top of its box. */
export const baseline = (index) => PADDING / 2 + LINE * (index + 0.75);

function widthOf(text, isBold) {
  measure.font = isBold ? `600 13px ${FONT}` : `11.5px ${FONT}`;
  return measure.measureText(text).width * 1.04;
}

const short = (text) =>
  text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text;
