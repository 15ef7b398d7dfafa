// One input of the model: how it is fed, and with what.

import { FEEDS, NAMES } from "../feeds/index.js";
import { firstSize, kindsOf } from "../feeding/kinds.js";
import { rangeOf, tokensIn } from "../hints.js";
import { freeAxes, readable, sampleShape } from "../shapes.js";
import { choice, h, numberField } from "./dom.js";

const LARGEST_SIZE = 100_000;

/**
 * @param input `{name, shape, dtype}`
 * @param context `{loaded, vocabulary, changed, predictNow, failed}`
 */
export class Panel {
  constructor(input, context) {
    this.input = input.shape ? input : { ...input, shape: [null, null] };
    this.context = context;
    this.tokens = tokensIn(context.loaded.model, input.name);
    this.range = rangeOf(context.loaded.model, input.name);
    const kinds = kindsOf(this.input, this.tokens);
    this.kind = this.firstOf(kinds);
    this.sizes = Object.fromEntries(
      freeAxes(this.input.shape).map((axis) => [axis, firstSize(this.input.shape, axis, input.dtype)]),
    );
    this.place = h("div", { class: "feed" });
    this.sizeFields = h("span", { class: "fields" });
    this.element = h("fieldset", {},
      h("legend", {}, input.name, " ", h("small", {}, `${readable(input.shape)} ${input.dtype}`)),
      kinds.length > 1 && choice("Feed with", kinds.map((kind) => [kind, NAMES[kind]]), this.kind, (kind) => this.use(kind)),
      this.sizeFields, this.place);
    this.use(this.kind);
  }

  /** Without a vocabulary, tokens are numbers at first. */
  firstOf(kinds) {
    return kinds[0] === "tokens" && !this.context.vocabulary ? "numbers" : kinds[0];
  }

  get isOfTextLength() {
    return this.kind === "tokens" && this.input.shape[1] === null;
  }

  use(kind) {
    this.kind = kind;
    const axes = this.isOfTextLength ? [] : freeAxes(this.input.shape);
    this.sizeFields.replaceChildren(...axes.map((axis) =>
      numberField(`Size of axis ${axis}`, this.sizes[axis], (size) => this.resize(axis, size), { min: 1, max: LARGEST_SIZE, step: 1 })));
    this.make();
  }

  resize(axis, size) {
    if (!(Number.isInteger(size) && size >= 1 && size <= LARGEST_SIZE)) return;
    this.sizes[axis] = size;
    this.make();
  }

  make() {
    this.feed?.stop?.();
    this.feed = FEEDS[this.kind]({
      ...this.context,
      input: this.input,
      shape: sampleShape(this.input.shape, this.sizes),
      isFree: this.isOfTextLength,
      range: this.range,
      tokens: this.tokens,
    });
    this.place.replaceChildren(this.feed.element);
    this.context.changed();
  }

  get isEmpty() {
    return this.feed.isEmpty();
  }

  read() {
    return this.feed.read();
  }

  stop() {
    this.feed.stop?.();
  }
}
