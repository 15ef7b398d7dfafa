// How two results of the same input differ. Pure.

import { largest } from "./views.js";

/**
 * @returns {{largest: number, mean: number, at: number, relative: number}} absolute differences,
 *   where the largest is, and that as a part of the first result's largest absolute value; what is
 *   NaN in one only differs by Infinity
 */
export function differenceOf(one, other) {
  let [most, at, sum, size] = [0, 0, 0, 0];
  one.forEach((value, index) => {
    const difference = distance(value, other[index]);
    sum += difference;
    size = Math.max(size, Math.abs(value) || 0);
    if (difference > most) [most, at] = [difference, index];
  });
  const mean = one.length ? sum / one.length : 0;
  return { largest: most, mean, at, relative: most / (size || 1) };
}

function distance(one, other) {
  if (Object.is(one, other) || one === other) return 0;
  const difference = Math.abs(one - other);
  return Number.isNaN(difference) ? Infinity : difference;
}

/** Whether two lists of scores name the same class as the first. */
export const sameClass = (one, other) => largest(one) === largest(other);

/** Absolute differences of each number, such as for an image of them. */
export const differences = (one, other) => Float32Array.from(one, (value, index) => distance(value, other[index]));
