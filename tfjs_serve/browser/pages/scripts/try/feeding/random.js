// Random inputs that can be made again.

/** A generator of numbers in [0, 1) that a seed fixes (mulberry32). */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * So many random numbers.
 *
 * @param how `{kind: "uniform" | "normal" | "integers", low, high}`; integers are below `high`
 */
export function randomNumbers(length, how, seed) {
  const next = generator(seed);
  return Float32Array.from({ length }, DRAWN[how.kind](next, how));
}

const DRAWN = {
  uniform: (next, { low, high }) => () => low + next() * (high - low),
  normal: (next) => () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  integers: (next, { low, high }) => () => low + Math.floor(next() * (high - low)),
};
