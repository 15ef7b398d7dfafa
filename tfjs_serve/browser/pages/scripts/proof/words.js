// Results in words, for pages.

/** Such as "3e-7", as docs/backends.md has them. */
export function readable(difference) {
  if (difference === 0) return "none";
  return Number.isFinite(difference) ? difference.toExponential(0) : "not a number";
}

/** @param outcome of a backend that is there */
export function verdict({ isRight, error, tolerance }) {
  if (error) return `It failed: ${error}`;
  return isRight ? "as Keras" : `above ${readable(tolerance)}`;
}

/** Where the page leaves Keras. */
export function firstTold({ isRight, error, first, compared }) {
  if (isRight || error) return "";
  if (first) return `${first.name} (${readable(first.difference)})`;
  return compared ? "none of the layers that are compared" : "";
}
