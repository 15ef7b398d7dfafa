// The section "Try it" of a model's page: loads the model, feeds it, shows what it answers.

import * as engine from "../engine.js";
import { outputsOf, predictionsFor } from "../feeding/batching.js";
import { dtypeOf } from "../feeding/kinds.js";
import { vocabularyOf } from "../feeding/text.js";
import { readableBytes } from "../measures.js";
import { costs } from "./costs.js";
import { button, choice, h } from "./dom.js";
import { Models, BEFORE } from "./models.js";
import { Outputs } from "./outputs.js";
import { Panel } from "./panel.js";
import { Table, takesRows } from "./table.js";

const CALM_MS = 500;

/** @param data what the server tells of the model (`web/pages/trial.py`); URLs are absolute */
export class App {
  constructor(mount, data) {
    this.data = data;
    this.models = new Models(data, (bytes, total) => this.progress(bytes, total));
    this.status = h("p", { role: "status" });
    this.alert = h("p", { role: "alert", class: "notice failed", hidden: true });
    this.bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": "Progress of loading" });
    this.start = button(this.startText(), () => this.load(), { class: "primary" });
    this.controls = h("div", { class: "fields" });
    this.feeding = h("div", { class: "feeding" });
    this.measured = h("div");
    this.outputs = new Outputs();
    this.timer = null; // of a prediction that is to come
    mount.append(this.start, this.status, this.bar, this.alert, this.controls,
      h("div", { class: "beside" }, this.feeding, this.outputs.element), this.measured);
  }

  startText() {
    const bytes = this.data.weightBytes[this.data.variant];
    return `Load the model${bytes ? ` (${readableBytes(bytes)})` : ""}`;
  }

  say(text) {
    this.status.textContent = text;
  }

  fail(message) {
    this.alert.textContent = message;
    this.alert.hidden = !message;
  }

  progress(bytes, total) {
    this.bar.hidden = false;
    if (total) this.bar.value = Math.min(1, bytes / total);
    else this.bar.removeAttribute("value");
    this.say(`Loading: ${readableBytes(bytes)}${total ? ` of ${readableBytes(total)}` : ""}`);
  }

  /** Run what takes long: one after the other, its failure shown. Returns whether it went well. */
  busy(text, action) {
    this.acting = (this.acting ?? Promise.resolve()).then(() => this.act(text, action));
    return this.acting;
  }

  async act(text, action) {
    this.say(text);
    this.fail("");
    this.start.disabled = true;
    try {
      await Promise.all([this.running, this.measuring]); // with the models that are there now
      await action();
      return true;
    } catch (error) {
      this.fail(error.message);
      return false;
    } finally {
      this.bar.hidden = true;
      this.start.disabled = false;
      this.say("");
    }
  }

  async load() {
    const went = await this.busy("Loading TensorFlow.js …", () => this.models.load());
    if (!went) return;
    this.start.hidden = true;
    this.build();
  }

  /** Make all fields anew, for the inputs of the model that is loaded now. */
  build() {
    this.inputs = engine.inputsOf(this.models.current);
    this.showControls();
    this.useSamples();
  }

  showControls() {
    const variants = Object.keys(this.data.variants);
    const named = variants.map((name) => [name, `${name}${this.sizeOf(name)}`]);
    const against = [["", "nothing"], ...named.filter(([name]) => name !== this.models.variant)];
    if (this.models.nameOfBefore) against.push([BEFORE, this.models.nameOfBefore]);
    this.controls.replaceChildren(
      ...(variants.length > 1 ? [choice("Variant", named, this.models.variant, (name) => this.choose(name))] : []),
      choice("Backend", this.backendOptions(), this.models.backend(), (name) => this.useBackend(name)),
      ...(against.length > 1 ? [choice("Compare with", against, this.models.against, (name) => this.compare(name))] : []),
      ...this.warnings().map((text) => h("p", { class: "notice stale" }, text)));
  }

  backendOptions() {
    return this.models.backends().map(({ name, lacks }) => [name, lacks ? `${name}, ${lacks}` : name, Boolean(lacks)]);
  }

  /** What is known to be wrong on the backend that is used. */
  warnings() {
    return this.data.notes.filter((note) => note.includes(`wrong on the ${this.models.backend()} backend`));
  }

  sizeOf(variant) {
    const bytes = this.data.weightBytes[variant];
    return bytes ? `, ${readableBytes(bytes)}` : "";
  }

  async choose(variant) {
    const went = await this.busy("Loading …", () => this.models.choose(variant));
    this.showControls();
    if (went) await this.predictNow();
  }

  async compare(against) {
    const went = await this.busy("Loading …", () => this.models.compareWith(against));
    this.showControls();
    if (went) await this.predictNow();
  }

  async useBackend(name) {
    const went = await this.busy("Changing the backend …", () => this.models.useBackend(name));
    this.showControls();
    if (went) await this.predictNow();
  }

  /** The server tells of several events for one change: look once, and again if more comes. */
  mayHaveChanged() {
    if (!this.models.current) return;
    this.mustLook = true;
    this.looking ??= this.look().finally(() => (this.looking = null));
  }

  async look() {
    while (this.mustLook) {
      this.mustLook = false;
      await this.renew().catch(() => {}); // without an answer, the next event tells again
    }
  }

  /** If there is a new generation, load it, and keep the one before for comparing. */
  async renew() {
    if (!(await this.models.isOutdated())) return;
    const went = await this.busy("Loading the new generation …", () => this.models.renew());
    if (!went) return;
    const same = JSON.stringify(engine.inputsOf(this.models.current)) === JSON.stringify(this.inputs);
    if (same) this.showControls();
    else this.build();
    this.say(`A new generation since ${new Date().toLocaleTimeString()}. The one before can be compared with.`);
    await this.predictNow();
  }

  useSamples() {
    this.stop();
    const context = this.context();
    this.panels = this.inputs.map((input) => {
      const dtype = dtypeOf(input.dtype, this.data.dtypes[input.name]);
      return new Panel({ ...input, dtype }, context);
    });
    this.table = null;
    this.showFeeding("samples", this.panels.map(({ element }) => element));
    this.changed();
  }

  useTable() {
    this.stop();
    this.table = new Table(this.inputs, this.context());
    this.showFeeding("table", [this.table.element]);
    this.changed();
  }

  showFeeding(mode, elements) {
    const modes = [["samples", "one sample"], ["table", "rows of a table (CSV)"]];
    this.feeding.replaceChildren(
      ...(takesRows(this.inputs) ? [choice("Predict from", modes, mode, (chosen) => (chosen === "table" ? this.useTable() : this.useSamples()))] : []),
      ...elements, button("Predict", () => this.predictNow(true), { class: "primary" }));
  }

  context() {
    const { current, metadata } = this.models;
    return {
      loaded: current,
      vocabulary: vocabularyOf(metadata.vocabulary ?? metadata.word_index ?? metadata.wordIndex ?? this.models.vocabulary),
      changed: () => this.changed(),
      predictNow: () => this.predictNow(),
      failed: (message) => this.fail(message),
    };
  }

  stop() {
    this.panels?.forEach((panel) => panel.stop());
    this.panels = null;
  }

  /** Predict soon: many changes become one prediction. */
  changed() {
    this.outputs.isBusy = true;
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.predictNow();
    });
  }

  get isEmpty() {
    return this.table ? this.table.isEmpty : this.panels.some((panel) => panel.isEmpty);
  }

  samples() {
    if (this.table) return this.table.read();
    return [Object.fromEntries(this.inputs.map(({ name }, index) => [name, this.panels[index].read()]))];
  }

  /** Predict, or again after the prediction that is under way. @param isAsked whether by a button */
  predictNow(isAsked = false) {
    this.outputs.isBusy = true;
    this.next = isAsked || this.next === "asked" ? "asked" : "changed";
    this.running ??= this.run().finally(() => {
      this.running = null;
      this.outputs.isBusy = this.timer !== null;
      this.measureSoon();
    });
    return this.running;
  }

  /** When nothing has changed for a moment, find out how long a prediction takes. */
  measureSoon() {
    clearTimeout(this.calm);
    this.calm = setTimeout(() => {
      if (this.running || !this.given) return;
      this.measuring = this.models.measure(this.given, () => !this.running)
        .then(() => this.showCosts(), () => {}) // the next prediction says what is wrong
        .finally(() => (this.measuring = null));
    }, CALM_MS);
  }

  showCosts() {
    this.measured.replaceChildren(costs(this.models.backend(), this.models.shown()));
  }

  async run() {
    await this.measuring;
    while (this.next) {
      const isAsked = this.next === "asked";
      this.next = null;
      if (this.isEmpty && !isAsked) {
        this.outputs.clear();
        continue;
      }
      await this.predictOnce(isAsked);
    }
  }

  async predictOnce(isAsked) {
    this.given = null;
    try {
      const samples = this.samples();
      const given = predictionsFor(this.inputs, samples);
      const results = [];
      for (const { name, loaded } of this.models.shown()) {
        const outcomes = await this.models.predict(loaded, given, isAsked);
        results.push({ name, outputs: outputsOf(outcomes, samples.length) });
      }
      this.fail("");
      this.outputs.show(results, this.models.labels);
      this.given = given;
      this.showCosts();
    } catch (error) {
      this.outputs.clear();
      this.fail(error.message);
    }
  }
}
