// What the model answers: bars with labels, images, numbers; of two models, beside each other.

import { differenceOf, differences, sameClass } from "../results/differences.js";
import {
  areProbabilities, barsOf, fullLength, imageSides, inShort, labelOfNumber, largest, pixelsOf, score,
  statistics, tableOf, viewsOf,
} from "../results/views.js";
import { readable } from "../shapes.js";
import { choice, h, paint } from "./dom.js";

const NAMES = { bars: "bars", number: "number", image: "image", numbers: "numbers" };
const MOST_ROWS = 100;
const MOST_CELLS = 10;

/** Shows outputs, and keeps which view was chosen for each. */
export class Outputs {
  constructor() {
    this.chosen = new Map();
    this.element = h("div", { class: "outputs" });
  }

  /** Whether what is shown is of an input that is another one by now. */
  set isBusy(is) {
    this.element.setAttribute("aria-busy", String(is));
  }

  /**
   * @param results `{name, outputs}[]`: one, or two to compare; outputs as `outputsOf` makes them
   * @param labels names of classes
   */
  show(results, labels) {
    Object.assign(this, { results, labels });
    const [first] = results;
    const rows = first.outputs[0]?.rows.length ?? 0;
    this.element.replaceChildren(
      ...first.outputs.map((output, position) => (rows === 1 ? this.single(output, position) : this.many(output, position))));
  }

  clear() {
    this.element.replaceChildren(h("p", { class: "hint" }, "What the model answers is shown here."));
  }

  /** The labels of an output: only one that has so many numbers stands for them. */
  labelsOf({ rows, shape }) {
    const length = rows[0]?.length ?? 0;
    const fits = this.labels.length === length || (this.labels.length === 2 && length === 1);
    return shape.filter((size) => size > 1).length <= 1 && fits ? this.labels : [];
  }

  heading(output) {
    return h("h3", {}, output.name, " ", h("small", {}, `${readable(output.shape)} ${output.dtype}`));
  }

  single(output, position) {
    const views = viewsOf(output.shape, output.dtype);
    const view = this.chosen.get(position) ?? views[0];
    const pairs = this.results.map(({ name, outputs }) => ({ name, values: outputs[position].rows[0], shape: outputs[position].shape }));
    const isComparable = pairs.length === 2 && pairs[0].values.length === pairs[1].values.length && output.dtype !== "string";
    return h("section", { class: "output" }, this.heading(output),
      views.length > 1 && choice("Show as", views.map((one) => [one, NAMES[one]]), view, (one) => {
        this.chosen.set(position, one);
        this.show(this.results, this.labels);
      }),
      VIEWS[view](pairs, output, this.labelsOf(output)),
      isComparable && told(pairs, view === "bars" ? namesOf(pairs, this.labelsOf(output)) : []));
  }

  /** One line for each row of a table of inputs. */
  many(output, position) {
    const labels = this.labelsOf(output);
    const columns = this.results.map(({ outputs }) => outputs[position].rows);
    const shown = output.rows.slice(0, MOST_ROWS);
    const isClass = viewsOf(output.shape, output.dtype)[0] === "bars";
    const compared = columns.length === 2;
    const head = h("tr", {}, h("th", {}, "Row"), this.results.map(({ name }) => h("th", {}, compared ? name : isClass ? "Largest" : "Output")),
      compared && h("th", {}, "Largest difference"));
    const body = shown.map((_, row) => h("tr", {}, h("th", {}, String(row + 1)),
      columns.map((rows) => h("td", {}, summary(rows[row], labels, isClass))),
      compared && h("td", {}, inShort(differenceOf(columns[0][row], columns[1][row]).largest))));
    return h("section", { class: "output" }, this.heading(output),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Rows of ${output.name}` }, h("table", {}, h("thead", {}, head), h("tbody", {}, body))),
      output.rows.length > shown.length && h("p", { class: "hint" }, `and ${(output.rows.length - shown.length).toLocaleString("en")} more rows`),
      compared && told(columns.map((rows, index) => ({ name: this.results[index].name, values: rows.flatMap((row) => Array.from(row)) })), []),
      compared && isClass && sameInAll(columns));
  }
}

function sameInAll([one, other]) {
  const same = one.filter((row, index) => sameClass(row, other[index])).length;
  return h("p", {}, `The same class in ${same.toLocaleString("en")} of ${one.length.toLocaleString("en")} rows.`);
}

function summary(values, labels, isClass) {
  if (isClass) {
    const best = largest(values);
    return best < 0 ? "no number" : `${labels[best] ?? best}: ${score(values[best], areProbabilities(values))}`;
  }
  const shown = Array.from(values.slice(0, MOST_CELLS), (value) => (typeof value === "string" ? value : inShort(value)));
  const label = values.length === 1 ? labelOfNumber(values[0], labels) : "";
  return `${shown.join(", ")}${values.length > MOST_CELLS ? " …" : ""}${label ? ` (${label})` : ""}`;
}

/** In words, how two results differ. */
function told([one, other], labels) {
  const difference = differenceOf(one.values, other.values);
  if (difference.largest === 0) return h("p", { class: "difference" }, "No difference.");
  const part = Number.isFinite(difference.relative) ? ` (${inShort(100 * difference.relative)} % of the largest number)` : "";
  const classes = labels.length > 1 && one.values.length > 1 ? classesOf(one, other, labels) : "";
  return h("p", { class: "difference" }, `Largest difference ${inShort(difference.largest)}${part}, mean ${inShort(difference.mean)}.${classes}`);
}

/** What bars are called; numbers that are no probabilities stand for no classes. */
function namesOf(pairs, labels) {
  if (labels.length > 1) return labels;
  return pairs.every(({ values }) => areProbabilities(values)) ? Array.from(pairs[0].values, (_, index) => String(index)) : [];
}

function classesOf(one, other, labels) {
  const [first, second] = [one, other].map(({ values }) => labels[largest(values)]);
  return first === second ? ` Both say ${first}.` : ` ${one.name} says ${first}, ${other.name} says ${second}.`;
}

const VIEWS = { bars, number, image, numbers };

function bars(pairs, _output, labels) {
  const [first, second] = pairs;
  const { bars: shown, more } = barsOf(first.values, labels);
  const best = largest(first.values);
  const isProbability = pairs.every(({ values }) => areProbabilities(values));
  const full = Math.max(...pairs.map(({ values }) => fullLength(values)));
  const told = (value) => score(value, isProbability);
  const rows = shown.map(({ index, label, value }) => h("tr", { class: index === best && "best" },
    h("th", { scope: "row" }, label),
    h("td", { class: "lengths" }, bar(value, full), second && bar(second.values[index], full, true)),
    h("td", { class: "value" }, told(value)),
    second && h("td", { class: "value" }, told(second.values[index])),
    second && h("td", { class: "value" }, inShort(Math.abs(value - second.values[index])))));
  const head = second && h("thead", {}, h("tr", {},
    ["", "", first.name, second.name, "difference"].map((text) => (text ? h("th", { scope: "col" }, text) : h("td", {})))));
  return h("div", {}, h("table", { class: "bars" }, head, h("tbody", {}, rows)),
    more > 0 && h("p", { class: "hint" }, `and ${more.toLocaleString("en")} smaller ones`));
}

function bar(value, full, isSecond = false) {
  const element = h("span", { class: `length${isSecond ? " second" : ""}${value < 0 ? " negative" : ""}`, "aria-hidden": "true" });
  element.style.width = `${Math.min(100, (100 * Math.abs(value)) / full) || 0}%`;
  return element;
}

function number(pairs, _output, labels) {
  return h("dl", { class: "single" }, pairs.map(({ name, values: [value] }) => {
    const label = labelOfNumber(value, labels);
    return h("div", {}, pairs.length > 1 && h("dt", {}, name),
      h("dd", {}, typeof value === "string" ? value : inShort(value), label && ` (${label})`));
  }));
}

function image(pairs, output) {
  const sides = imageSides(output.shape);
  const pictures = pairs.map(({ name, values }) => picture(pairs.length > 1 ? name : "", values, sides));
  if (pairs.length === 2) {
    pictures.push(picture("difference", differences(pairs[0].values, pairs[1].values), sides));
  }
  return h("div", { class: "pictures" }, pictures);
}

function picture(name, values, sides) {
  const canvas = h("canvas", { class: "result", role: "img", "aria-label": `Output ${name}` });
  const { data, range } = pixelsOf(values, sides);
  paint(canvas, { ...sides, data });
  return h("figure", {}, canvas, h("figcaption", {}, `${name ? `${name}, ` : ""}shown from ${range}`));
}

function numbers(pairs, output) {
  return h("div", {}, pairs.map(({ name, values }) => h("div", {}, pairs.length > 1 && h("h4", {}, name), table(values, output))));
}

function table(values, { shape, dtype }) {
  if (dtype === "string") return h("ul", {}, Array.from(values.slice(0, MOST_ROWS), (value) => h("li", {}, value)));
  const { rows, moreRows, moreColumns } = tableOf(values, shape);
  const { least, most, mean, notFinite } = statistics(values);
  const more = [moreRows && `${moreRows.toLocaleString("en")} more rows`, moreColumns && `${moreColumns.toLocaleString("en")} more columns`].filter(Boolean);
  return h("div", {},
    h("p", { class: "hint" }, `from ${inShort(least)} to ${inShort(most)}, mean ${inShort(mean)}${notFinite ? `, ${notFinite.toLocaleString("en")} are not finite` : ""}`),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Numbers" }, h("table", { class: "matrix" }, h("tbody", {}, rows.map((row) => h("tr", {}, row.map((value) => h("td", {}, inShort(value)))))))),
    more.length > 0 && h("p", { class: "hint" }, `and ${more.join(", ")}`));
}
