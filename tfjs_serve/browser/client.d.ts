// Types of client.js: models in a page that are the newest ones of the server.
import type * as tf from "@tensorflow/tfjs";

export type Model = tf.LayersModel | tf.GraphModel;

/** One reason why a model cannot be translated. */
export interface Problem {
  code: string;
  layerPath: string;
  className: string;
  message: string;
  hint: string;
}

/** Why a model cannot be loaded. */
export class LiveError extends Error {
  readonly url: string;
  /** Stable name of the kind of failure. */
  readonly code: string;
  /** What to do about it. */
  readonly hint: string;
  readonly problems: readonly Problem[];
  /** Whether the page goes on with an earlier version. */
  readonly isServed: boolean;
}

export interface Update<M extends Model = tf.LayersModel> {
  model: M;
  /** Whether it is another model; after `onUpdate`, the previous one is disposed of. */
  isNew: boolean;
  previous: M;
  /** Names of the weights that were set; null for another model. */
  changed: readonly string[] | null;
  /** How many bytes of weights were fetched; null for another model. */
  bytes: number | null;
  generation: string | null;
  /** From the new model.json to the new weights. */
  milliseconds: number;
}

export interface Options<M extends Model = tf.LayersModel> {
  /** After each change of the model; what it returns is awaited before a previous one is disposed of. */
  onUpdate?(update: Update<M>): unknown;
  /** When a new version cannot be loaded; the page goes on with the last one that could. */
  onError?(error: LiveError | Error): unknown;
  /** While weights are fetched; the total is known when the server has said the size of each file. */
  onProgress?(progress: { loadedBytes: number; totalBytes: number | undefined }): void;
  /** Whether the page shows why a model cannot be loaded; it does if the server is a live one. */
  overlay?: boolean;
}

export interface LiveModel<M extends Model = tf.LayersModel> {
  readonly url: string;
  /** The model as it is now. */
  readonly model: M;
  readonly generation: string | null;
  /** Why the newest version cannot be loaded; null if it is the one in the page. */
  readonly error: Error | null;
  /** Whether the server tells of changes; it does not where the model was published as files. */
  readonly isLive: boolean;
  /** Change nothing any more. */
  stop(): void;
  /** Change nothing any more, and dispose of the model. */
  dispose(): void;
}

/** Load a model, and keep it current. */
export function liveModel<M extends Model = tf.LayersModel>(
  tensorflow: unknown,
  url: string,
  options?: Options<M>,
): Promise<LiveModel<M>>;

export interface ModelEvent {
  kind: "added" | "changed" | "removed" | "checked" | "ready" | "failed";
  name: string;
  exactName: string;
  /** That of the model.json; null if the name cannot be part of a URL. */
  url: string | null;
  /** Of `ready` and `failed`: which form of the weights it is about. */
  variant?: string;
  isDefault?: boolean;
  /** Of `ready`. */
  generation?: string;
  /** Of `failed`: whether an earlier version is served. */
  isServed?: boolean;
  error?: { code: string; message: string; hint?: string; problems?: Problem[] };
}

/** Begins a stream: if it was not resumed, something may have happened that was not told. */
export interface HelloEvent {
  kind: "hello";
  resumed: boolean;
}

/** Be told what happens to the models of a server; returns a function that ends this. */
export function subscribe(
  serverUrl: string,
  onEvent: (event: ModelEvent | HelloEvent) => void,
): () => void;

/** Reload the page when a model that it asked for has changed; returns a function that ends this. */
export function reloadOnChange(serverUrl: string): () => void;
