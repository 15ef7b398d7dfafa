// Text: as it is for models that take texts, and through a vocabulary for those that take numbers.

import { numbersOfText, settingsFor, vocabularyInFile } from "../feeding/text.js";
import { count } from "../shapes.js";
import { checkbox, choice, h, labelled, numberField } from "../ui/dom.js";

/** For inputs of strings: one line for each. */
export function text({ shape, changed }) {
  const length = count(shape);
  const area = h("textarea", { rows: Math.min(8, length + 1), oninput: changed });
  return {
    element: labelled(length === 1 ? "Text" : `${length} texts, one in each line`, area),
    isEmpty: () => area.value === "",
    read() {
      const lines = length === 1 ? [area.value] : area.value.split("\n");
      if (lines.length !== length) throw new Error(`There are ${lines.length} lines, and not ${length}.`);
      return { shape, values: lines };
    },
  };
}

/**
 * For inputs of numbers that stand for tokens.
 *
 * @param vocabulary of the model, or null: then it comes from a file that the person chooses
 * @param isFree whether the text's length is that of the input
 */
export function tokens({ shape, isFree, tokens: most, vocabulary, changed, failed }) {
  const state = { vocabulary: null, settings: null };
  const area = h("textarea", { rows: 3, oninput: changed });
  const told = h("output", { class: "tokens" });
  const options = h("div", { class: "fields" });
  const use = (found) => {
    state.vocabulary = found;
    state.settings = { ...settingsFor(found), offset: 0, padding: "after" };
    options.replaceChildren(...settingFields(state.settings, changed));
    source.textContent = `${found.size.toLocaleString("en")} tokens.`;
    changed();
  };
  const chooser = h("input", { type: "file", accept: ".txt,.json,text/plain,application/json", onchange: async () => {
    try {
      if (chooser.files[0]) use(vocabularyInFile(await chooser.files[0].text()));
    } catch (error) {
      failed(error.message);
    }
  } });
  const source = h("span", { class: "hint" }, "One token in each line, a list, or an object of their numbers in JSON.");
  const element = h("div", {}, labelled("Text", area), told,
    h("div", { class: "fields" }, labelled(vocabulary ? "Another vocabulary" : "Vocabulary", chooser), source), options);
  if (vocabulary) queueMicrotask(() => use(vocabulary));
  return {
    element,
    isEmpty: () => !state.vocabulary || area.value === "",
    read() {
      if (!state.vocabulary) throw new Error("Choose the file of the vocabulary first.");
      const { values, missing } = numbersOfText(area.value, state.vocabulary, state.settings, isFree ? null : shape[0]);
      told.textContent = `${values.join(" ")}${missing.length ? ` · not in the vocabulary: ${missing.slice(0, 10).join(" ")}` : ""}`;
      const beyond = values.find((value) => most > 0 && value >= most);
      if (beyond !== undefined) throw new Error(`The vocabulary gives ${beyond}, and the embedding has numbers up to ${most - 1}: it is not that of this model.`);
      return { shape: [values.length], values };
    },
  };
}

function settingFields(settings, changed) {
  const set = (name) => (value) => {
    settings[name] = value;
    changed();
  };
  return [
    choice("Split into", ["words", "characters"], settings.by, set("by")),
    choice("Zeros", ["after", "before"], settings.padding, set("padding")),
    numberField("Add to each number", 0, set("offset"), { step: 1 }),
    checkbox("Lower case", settings.lowercase, set("lowercase")),
  ];
}
