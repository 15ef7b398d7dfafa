// From a text to the numbers that stand for its tokens.

const UNKNOWN = ["[UNK]", "<UNK>", "<unk>", "<OOV>", "<oov>", "unk"];

/**
 * The vocabulary in what a file or the model's metadata has.
 *
 * @param given an array of tokens, or an object from each token to its number, such as Keras's
 *   `word_index`; `null` where it is neither
 * @returns {Map<string, number> | null}
 */
export function vocabularyOf(given) {
  if (Array.isArray(given)) {
    // The sentence encoder's has pairs of a token and its score.
    const tokens = given.map((one) => (Array.isArray(one) ? one[0] : one));
    return mapped(tokens.map((token, index) => [String(token), index]));
  }
  if (given && typeof given === "object") {
    const pairs = Object.entries(given).map(([token, index]) => [token, Number(index)]);
    return pairs.every(([, index]) => Number.isInteger(index)) ? mapped(pairs) : null;
  }
  return null;
}

const mapped = (pairs) => (pairs.length ? new Map(pairs) : null);

/**
 * The vocabulary in a file: JSON, or one token in each line, empty lines included.
 *
 * @throws {Error} with what is wrong
 */
export function vocabularyInFile(text) {
  const parsed = jsonIn(text);
  if (parsed === null) return vocabularyOfLines(text);
  const found = vocabularyOf(parsed);
  if (!found) throw new Error("This is neither a list of tokens nor an object of their numbers.");
  return found;
}

/** What a text has as JSON; null where it has none, as where its tokens are brackets. */
function jsonIn(text) {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    const parsed = JSON.parse(text);
    return Object.keys(parsed).length ? parsed : null;
  } catch {
    return null;
  }
}

function vocabularyOfLines(text) {
  const lines = text.replace(/\r?\n$/, "").split(/\r?\n/);
  const found = vocabularyOf(lines);
  if (found.size < 2) throw new Error("This file has no tokens, one in each line.");
  return found;
}

/** How a text is split, and what else follows from the vocabulary. */
export function settingsFor(vocabulary) {
  const tokens = [...vocabulary.keys()];
  const plain = tokens.filter((token) => !UNKNOWN.includes(token) && !/^[[<].*[\]>]$/.test(token));
  return {
    by: plain.every((token) => [...token].length <= 1) ? "characters" : "words",
    lowercase: plain.every((token) => token === token.toLowerCase()),
    unknown: UNKNOWN.map((token) => vocabulary.get(token)).find((index) => index !== undefined) ?? null,
  };
}

function tokensOf(text, { by, lowercase }) {
  const cased = lowercase ? text.toLowerCase() : text;
  if (by === "characters") return [...cased];
  return cased.match(/[\p{L}\p{N}'’]+|[^\s\p{L}\p{N}]/gu) ?? [];
}

/**
 * The numbers of a text's tokens, as long as the model takes.
 *
 * Tokens that the vocabulary lacks get the number of unknown ones, or are left out if there is
 * none. What is too long is cut at the side where padding would be.
 *
 * @param settings `{by, lowercase, unknown, offset, padding: "after" | "before"}`; `offset` is
 *   added to each number, as by Keras's `imdb.load_data(index_from=3)`
 * @param length how many numbers, padded with 0; `null` for as many as there are tokens
 * @returns {{values: number[], missing: string[]}}
 */
export function numbersOfText(text, vocabulary, settings, length) {
  const missing = [];
  const values = [];
  for (const token of tokensOf(text, settings)) {
    const known = vocabulary.get(token);
    if (known !== undefined) values.push(known + (settings.offset ?? 0));
    else if (settings.unknown !== null) {
      missing.push(token);
      values.push(settings.unknown);
    } else if (token.trim()) missing.push(token);
  }
  return { values: padded(values, length, settings.padding), missing };
}

function padded(values, length, side) {
  if (length === null) return values.length ? values : [0];
  const zeros = new Array(Math.max(0, length - values.length)).fill(0);
  if (side === "before") return [...zeros, ...values.slice(-length)];
  return [...values.slice(0, length), ...zeros];
}
