// What loading and predicting costs. Pure.

export function median(values) {
  if (!values.length) return NaN;
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * How many bytes came over the network, and how many bytes of files the browser had.
 *
 * @param entries `PerformanceResourceTiming`s of one's own server; `transferSize` is 0 for what was
 *   not asked for, and only a head where the server answered that it has not changed
 * @returns {{network: number, cache: number, requests: number}}
 */
export function bytesOf(entries) {
  let [network, cache] = [0, 0];
  for (const { transferSize, encodedBodySize } of entries) {
    network += transferSize;
    if (transferSize < encodedBodySize) cache += encodedBodySize;
  }
  return { network, cache, requests: entries.length };
}

const UNITS = ["bytes", "KiB", "MiB", "GiB"];

/** A size in the unit that fits, spelled as the server spells it. */
export function readableBytes(bytes) {
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${unit ? value.toFixed(1) : value} ${UNITS[unit]}`;
}

export function readableTime(milliseconds) {
  if (milliseconds >= 10_000) return `${(milliseconds / 1000).toFixed(0)} s`;
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${milliseconds >= 10 ? milliseconds.toFixed(0) : milliseconds.toFixed(1)} ms`;
}
