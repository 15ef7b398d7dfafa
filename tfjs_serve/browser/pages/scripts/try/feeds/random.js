// Random numbers, to see whether and how fast a model runs.

import { randomNumbers } from "../feeding/random.js";
import { count } from "../shapes.js";
import { button, choice, h, numberField } from "../ui/dom.js";

export function random({ input, shape, tokens, range, changed }) {
  const isWhole = input.dtype !== "float32" || tokens > 0;
  const [low, high] = range ?? [0, input.dtype === "bool" ? 2 : isWhole ? tokens || 10 : 1];
  const state = { kind: isWhole ? "integers" : "uniform", low, high, seed: 1 };
  const set = (changes) => {
    Object.assign(state, changes);
    bounds.hidden = state.kind === "normal";
    changed();
  };
  const bounds = h("span", { class: "fields" },
    numberField("from", low, (value) => set({ low: value })),
    numberField(isWhole ? "below" : "to", high, (value) => set({ high: value })));
  const kinds = isWhole ? [["integers", "whole numbers"]] : [["uniform", "evenly spread"], ["normal", "normally, around 0"], ["integers", "whole numbers"]];
  const seed = numberField("seed", 1, (value) => set({ seed: value }), { step: 1 });
  const element = h("div", { class: "fields" },
    choice("Numbers", kinds, state.kind, (kind) => set({ kind })), bounds, seed,
    button("Other numbers", () => {
      seed.querySelector("input").value = state.seed + 1;
      set({ seed: state.seed + 1 });
    }));
  return {
    element,
    isEmpty: () => false,
    read: () => ({ shape, values: randomNumbers(count(shape), state, state.seed) }),
  };
}
