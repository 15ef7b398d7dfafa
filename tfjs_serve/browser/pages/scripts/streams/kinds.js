// What comes over a stream of events, and how long it may be silent.

/** `hello` begins a stream; `beat` says that it is still there; all others are about a model. */
export const KINDS = ["hello", "beat", "added", "changed", "removed", "checked", "ready", "failed"];
/** The server sends something every ten seconds at least. */
export const SILENCE_MS = 25_000;

/** What somebody is told who may have missed something. */
export const HELLO = Object.freeze({ kind: "hello", data: { resumed: false } });
