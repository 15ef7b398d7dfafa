// A model in a page that is the newest one of the server's, without a reload.

import { follow } from "./follow.js";
import { fits, loadNew, setChanged, untilIdle } from "./generation.js";
import { hideProblem, showProblem } from "./overlay.js";

/**
 * Load a model, and keep it current for as long as the server tells of changes.
 *
 * From a folder that was published, it is loaded and stays as it is.
 *
 * @param tf the page's TensorFlow.js
 * @param url that of the model.json
 * @param options `{onUpdate, onError, onProgress, overlay}`
 */
export async function liveModel(tf, url, options = {}) {
  const live = new LiveModel(tf, new URL(url, location.href).href, options);
  await live.first;
  return live;
}

class LiveModel {
  #tf;
  #options;
  #memory = null;
  #following;
  #stopped = new AbortController();

  constructor(tf, url, options) {
    this.#tf = tf;
    this.#options = options;
    this.url = url;
    this.generation = null;
    this.error = null;
    this.first = new Promise((resolve, reject) => {
      this.#following = follow(url, {
        onGeneration: async (news) => {
          await this.#take(news);
          resolve();
        },
        onError: (error) => {
          this.#tell(error);
          reject(error);
        },
        onFine: () => this.#forgive(),
      });
    });
    this.#following.look();
  }

  /** The model as it is now; another one after a change of its layers. */
  get model() {
    return this.#memory?.model ?? null;
  }

  /** Whether the server tells of changes. */
  get isLive() {
    return this.#following.root !== null;
  }

  /** Change nothing any more. */
  stop() {
    this.#stopped.abort();
    this.#following.stop();
    hideProblem(this.url);
  }

  /** Change nothing any more, and dispose of the model. */
  dispose() {
    this.stop();
    this.#memory?.dispose();
    this.#memory = null;
  }

  async #take(news) {
    const before = this.#memory;
    const started = performance.now();
    const update = { previous: before?.model, ...(await this.#have(news)) };
    this.generation = news.generation;
    if (before === null) {
      if (this.error !== null) location.reload(); // the page has been told that it failed
      return;
    }
    const { model, generation } = this;
    const isNew = model !== before.model;
    const milliseconds = performance.now() - started;
    await this.#call("onUpdate", { ...update, model, isNew, generation, milliseconds });
    if (!isNew) return;
    await untilIdle(before.model);
    before.dispose();
  }

  /** Set a generation in the model that runs, or load it; returns what the page is told of that. */
  async #have(news) {
    const onProgress = (progress) => this.#call("onProgress", progress);
    const { signal } = this.#stopped;
    if (this.#memory !== null && fits(this.#memory, news.document)) {
      const { memory, ...update } = await setChanged(
        this.#tf, this.url, news.document, this.#memory, onProgress, signal,
      );
      this.#memory = memory;
      return update;
    }
    const memory = await loadNew(this.#tf, this.url, news, onProgress);
    if (signal.aborted) memory.dispose(); // nobody wants it any more
    signal.throwIfAborted();
    this.#memory = memory;
    return { changed: null, bytes: null };
  }

  #tell(error) {
    this.error = error;
    const isShown = this.isLive && (this.#options.overlay ?? true);
    if (isShown) showProblem(this.url, error);
    // A page that shows nothing and has no model does something else by now.
    else if (this.#memory === null) this.#following.stop();
    this.#call("onError", error);
  }

  #forgive() {
    this.error = null;
    hideProblem(this.url);
  }

  /** Call a function of the page; what it throws is the page's own mistake, and shown as such. */
  async #call(name, argument) {
    try {
      await this.#options[name]?.(argument);
    } catch (error) {
      console.error(error);
    }
  }
}
