// Rows of a table, as CSV: many samples at once, for all inputs of the model.

import { rowsOfCsv } from "../feeding/numbers.js";
import { count, sampleShape } from "../shapes.js";
import { h, labelled } from "./dom.js";

/** Whether rows of numbers can be inputs: they have known sizes, and are not texts. */
export const takesRows = (inputs) =>
  inputs.every(({ shape, dtype }) => dtype !== "string" && shape && !shape.slice(1).includes(null));

export class Table {
  constructor(inputs, { changed, failed }) {
    this.inputs = inputs;
    this.widths = inputs.map(({ shape }) => count(sampleShape(shape)));
    const file = h("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv", onchange: async () => {
      try {
        if (file.files[0]) this.text.value = await file.files[0].text();
        changed();
      } catch {
        failed("The file cannot be read.");
      }
    } });
    this.text = h("textarea", { rows: 8, spellcheck: "false", oninput: changed });
    this.element = h("div", {},
      labelled(`Rows of ${this.told()}`, this.text),
      h("div", { class: "fields" }, labelled("From a file", file),
        h("span", { class: "hint" }, "Commas, semicolons or tabs; the first line may have names.")));
  }

  get isEmpty() {
    return !this.text.value.trim();
  }

  told() {
    const cells = (width) => `${width.toLocaleString("en")} number${width === 1 ? "" : "s"}`;
    if (this.inputs.length === 1) return cells(this.widths[0]);
    return this.inputs.map(({ name }, index) => `${cells(this.widths[index])} for ${name}`).join(", then ");
  }

  /** All samples, by the names of the inputs. */
  read() {
    const { rows } = rowsOfCsv(this.text.value, count([this.widths.reduce((sum, width) => sum + width, 0)]));
    return rows.map((row) => {
      let start = 0;
      return Object.fromEntries(this.inputs.map(({ name, shape }, index) => {
        const values = row.slice(start, (start += this.widths[index]));
        return [name, { shape: sampleShape(shape), values }];
      }));
    });
  }
}
