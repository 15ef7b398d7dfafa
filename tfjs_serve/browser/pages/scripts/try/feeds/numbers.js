// Numbers: a field for each where they are few, otherwise a text to paste them into.

import { hasFields } from "../feeding/kinds.js";
import { numbersIn } from "../feeding/numbers.js";
import { generator } from "../feeding/random.js";
import { count } from "../shapes.js";
import { button, h, labelled } from "../ui/dom.js";

export function numbers({ input, shape, tokens, changed }) {
  const length = count(shape);
  const source = hasFields([1, ...shape]) ? fields(length, changed) : area(length, changed);
  const isWhole = input.dtype === "int32" || input.dtype === "bool" || tokens > 0;
  const most = input.dtype === "bool" ? 2 : tokens || 10;
  const fill = () => {
    const next = generator(Date.now());
    source.fill(Array.from({ length }, () => (isWhole ? Math.floor(next() * most) : Number(next().toFixed(3)))));
    changed();
  };
  const element = h("div", {}, source.element,
    h("p", { class: "fields" }, button("Fill in random numbers", fill),
      tokens > 0 && h("span", { class: "hint" }, `whole numbers from 0 to ${tokens - 1}`)));
  return { element, isEmpty: source.isEmpty, read: () => ({ shape, values: checked(source.read(), input.dtype, tokens) }) };
}

/** TensorFlow.js reads beyond the end of an embedding without a word. */
function checked(values, dtype, tokens) {
  if (dtype === "int32" || tokens > 0) {
    const broken = values.find((value) => !Number.isInteger(value));
    if (broken !== undefined) throw new Error(`${broken} is not a whole number.`);
  }
  const beyond = tokens > 0 ? values.find((value) => value < 0 || value >= tokens) : undefined;
  if (beyond !== undefined) throw new Error(`${beyond} is not from 0 to ${tokens - 1}, which the embedding has.`);
  return values;
}

function fields(length, changed) {
  const list = Array.from({ length }, () => h("input", { type: "number", step: "any", value: "0", oninput: changed }));
  return {
    element: h("div", { class: "numbers" }, list.map((field, index) => labelled(String(index), field))),
    isEmpty: () => false,
    fill: (values) => values.forEach((value, index) => (list[index].value = value)),
    read: () => list.map((field, index) => {
      if (field.value === "") throw new Error(`Number ${index} is missing.`);
      return field.valueAsNumber;
    }),
  };
}

function area(length, changed) {
  const text = h("textarea", { rows: 4, spellcheck: "false", oninput: changed });
  return {
    element: labelled(`${length.toLocaleString("en")} numbers, as JSON or with anything between them`, text),
    isEmpty: () => !text.value.trim(),
    fill: (values) => (text.value = values.join(" ")),
    read: () => numbersIn(text.value, length),
  };
}
