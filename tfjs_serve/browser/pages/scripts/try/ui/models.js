// The models that are loaded: the one that is tried, the one it is compared with, and the
// generation before.

import { addBackend, backendsOf } from "../backends.js";
import * as engine from "../engine.js";

/** In place of a variant: the generation before the newest, which stays loaded. */
export const BEFORE = "before";

export class Models {
  /** @param onProgress called with the bytes that have come, and with all, or 0 if not known */
  constructor(data, onProgress) {
    this.data = data;
    this.onProgress = onProgress;
    this.variant = data.variant;
    this.against = "";
    this.current = this.before = this.other = this.vocabulary = null;
  }

  async load() {
    this.tf = await engine.tensorflow(this.data.tfjs);
    this.vocabulary ??= await this.vocabularyOfFolder();
    this.current ??= await this.loaded(this.variant);
  }

  loaded(variant, url = this.data.variants[variant]) {
    const { loader, needsLayers, weightBytes } = this.data;
    const total = weightBytes[variant] ?? 0;
    const onProgress = (bytes) => this.onProgress(bytes, total);
    return engine.load(this.tf, { url, loader, needsLayers }, onProgress);
  }

  /** The generation that the server had before when it made the page, of the variant that it lists. */
  get kept() {
    return this.variant === this.data.variant ? this.data.before[0] : undefined;
  }

  /** What the generation before is called; empty if there is none. */
  get nameOfBefore() {
    if (this.before) return "the generation before";
    return this.kept ? `the generation of ${new Date(this.kept.time).toLocaleTimeString()}` : "";
  }

  /** What a folder for TensorFlow.js has of that name; most have none. */
  async vocabularyOfFolder() {
    const { vocabularyUrl } = this.data;
    if (!vocabularyUrl) return null;
    const response = await fetch(vocabularyUrl);
    return response.ok ? response.json() : null;
  }

  get metadata() {
    const { model } = this.current;
    return model.getUserDefinedMetadata?.() ?? model.metadata ?? {};
  }

  /** Names of classes: the model's own, or what the server found beside it. */
  get labels() {
    const { labels } = this.metadata;
    return Array.isArray(labels) ? labels.map(String) : this.data.labels;
  }

  /** Those that predict, by the names under which they are shown. */
  shown() {
    const { before, other, against } = this;
    const second = against === BEFORE ? before : other;
    const name = against === BEFORE ? "before" : against;
    return [{ name: this.variant, loaded: this.current }, ...(second ? [{ name, loaded: second }] : [])];
  }

  async choose(variant) {
    const next = await this.loaded(variant);
    if (variant === this.against) this.compareWithNothing();
    engine.dispose(this.current);
    engine.dispose(this.before); // it was of another variant
    [this.variant, this.current, this.before] = [variant, next, null];
    if (this.against === BEFORE) this.against = "";
  }

  async compareWith(against) {
    if (against === BEFORE) this.before ??= await this.loaded(this.variant, this.kept.url);
    const next = against && against !== BEFORE ? await this.loaded(against) : null;
    this.compareWithNothing();
    [this.against, this.other] = [against, next];
  }

  compareWithNothing() {
    engine.dispose(this.other);
    [this.against, this.other] = ["", null];
  }

  /** Load the newest generation, of the other variant, too. */
  async renew() {
    const next = await this.loaded(this.variant);
    const other = this.other ? await this.loaded(this.against) : null;
    engine.dispose(this.before);
    engine.dispose(this.other);
    this.data.before = []; // there is one between it and the newest now
    [this.before, this.current, this.other] = [this.current, next, other];
  }

  /** Whether the server has another generation than the one that is loaded, and still is. */
  async isOutdated() {
    const { current } = this; // another variant may take its place meanwhile
    const response = await fetch(this.data.variants[this.variant], { method: "HEAD" });
    const isNew = response.headers.get("ETag") !== current.generation;
    return response.ok && isNew && this.current === current;
  }

  backend() {
    return this.tf.getBackend();
  }

  backends() {
    return backendsOf(this.tf, this.data.tfjs);
  }

  async useBackend(name) {
    const before = this.backend();
    await addBackend(this.tf, this.data.tfjs, name);
    const has = await engine.inTurn(() => this.tf.setBackend(name)).catch(() => false);
    if (!has || this.backend() !== name) {
      await this.tf.setBackend(before);
      throw new Error(`This browser has no ${name}.`);
    }
    for (const loaded of [this.current, this.before, this.other].filter(Boolean)) {
      Object.assign(loaded, { warmUp: null, times: [] });
    }
  }

  /**
   * Predict one after the other.
   *
   * @param given for each prediction, the tensors of the inputs
   * @param isTimed whether nothing else is under way, so that the time is that of the model
   * @returns for each, the outputs
   */
  async predict(loaded, given, isTimed) {
    const outcomes = [];
    for (const inputs of given) {
      const { outputs, milliseconds } = await engine.predict(this.tf, loaded, inputs);
      remember(loaded, milliseconds, isTimed);
      outcomes.push(outputs);
    }
    return outcomes;
  }

  /** Predict the same a few times again, as long as `mayGoOn`, where no time is known yet. */
  async measure(given, mayGoOn) {
    for (const { loaded } of this.shown()) {
      const end = performance.now() + MOST_MEASURED_MS;
      while (loaded.times.length < MEASURED && performance.now() < end && mayGoOn()) {
        await this.predict(loaded, given.slice(0, 1), true);
      }
    }
  }
}

const MEASURED = 10;
const MOST_MEASURED_MS = 2000;
const MOST_TIMES = 100;

/** The first prediction compiles shaders and brings weights to them, so it tells of itself alone. */
function remember(loaded, milliseconds, isTimed) {
  if (loaded.warmUp === null) loaded.warmUp = milliseconds;
  else if (isTimed) loaded.times = [...loaded.times, milliseconds].slice(-MOST_TIMES);
}
