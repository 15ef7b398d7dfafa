// Numbers from what people type and paste.

/**
 * The numbers in a text: JSON of any depth, or numbers with anything else between them.
 *
 * @param wanted how many there must be
 * @throws {Error} with what to change
 */
export function numbersIn(text, wanted) {
  const values = text.trim().startsWith("[") ? fromJson(text) : fromWords(text);
  if (values.length !== wanted) {
    throw new Error(`There are ${values.length.toLocaleString("en")} numbers, and not ${wanted.toLocaleString("en")}.`);
  }
  return values;
}

function fromJson(text) {
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error("This begins like JSON, but is not valid.");
  }
  return parsed.flat(Infinity).map(number);
}

const fromWords = (text) => text.split(/[\s,;]+/).filter(Boolean).map(number);

function number(value) {
  const named = { true: 1, false: 0 }[value];
  const result = named ?? (value === "" || value === null ? NaN : Number(value));
  if (!Number.isFinite(result)) throw new Error(`“${String(value).slice(0, 40)}” is not a number.`);
  return result;
}

/**
 * The rows of a table: one sample each, in its cells all inputs after each other.
 *
 * The separator is the one of comma, semicolon and tab that the first line has most of. The first
 * line may name the columns.
 *
 * @param wanted how many cells a row must have
 * @returns {{names: string[], rows: number[][]}} no names if the first line has numbers
 * @throws {Error} which names the row
 */
export function rowsOfCsv(text, wanted) {
  const lines = text.split(/\r?\n/).map((line, index) => ({ line, index })).filter(({ line }) => line.trim());
  if (!lines.length) throw new Error("There are no rows yet.");
  const separator = separatorOf(lines[0].line);
  const cells = ({ line }) => cellsOf(line, separator);
  const names = cells(lines[0]).every((cell) => cell !== "" && Number.isFinite(Number(cell)))
    ? []
    : cells(lines.shift());
  const rows = lines.map((line) => {
    const found = cells(line);
    if (found.length !== wanted) {
      throw new Error(`Line ${line.index + 1} has ${found.length} cells, and not ${wanted}.`);
    }
    return found.map((cell) => numberInLine(cell, line.index));
  });
  if (!rows.length) throw new Error("There is a line of names, but no row of numbers.");
  return { names, rows };
}

function numberInLine(cell, index) {
  try {
    return number(cell);
  } catch (error) {
    throw new Error(`Line ${index + 1}: ${error.message}`);
  }
}

const separatorOf = (line) =>
  [",", ";", "\t"].reduce((best, one) => (line.split(one).length > line.split(best).length ? one : best));

/** The cells of one line; quotes may be around them. */
const cellsOf = (line, separator) =>
  line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1").trim());
