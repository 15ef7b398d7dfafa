// Elements of the page. Texts are never taken for HTML.

/**
 * Make an element.
 *
 * @param attributes functions under `on...` are listeners; false, null and undefined are left out
 * @param children elements and texts; null, undefined and false are left out
 */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

let numbered = 0;

/** A field with its label before it. */
export function labelled(text, field) {
  field.id ||= `try-${++numbered}`;
  return h("span", { class: "field" }, h("label", { for: field.id }, text), field);
}

/** A check box with its label after it. */
export function checkbox(text, checked, onchange) {
  const box = h("input", { type: "checkbox", checked, onchange: () => onchange(box.checked) });
  return h("label", { class: "check" }, box, text);
}

/**
 * A list to choose from.
 *
 * @param options texts, or a value, a text, and whether it cannot be chosen
 */
export function choice(text, options, value, onchange) {
  const pairs = options.map((option) => (Array.isArray(option) ? option : [option, option]));
  const select = h("select", { onchange: () => onchange(select.value) },
    pairs.map(([one, shown, disabled]) => h("option", { value: one, selected: one === value, disabled }, shown)));
  return labelled(text, select);
}

export function numberField(text, value, onchange, attributes = {}) {
  const field = h("input", {
    type: "number", step: "any", value, ...attributes,
    oninput: () => field.value !== "" && Number.isFinite(field.valueAsNumber) && onchange(field.valueAsNumber),
  });
  return labelled(text, field);
}

export const button = (text, onclick, attributes = {}) =>
  h("button", { type: "button", onclick, ...attributes }, text);

/** Show bytes on a canvas. @param picture `{width, height, data}` */
export function paint(canvas, { width, height, data }) {
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
}
