// Why a model cannot be loaded, as the server says it.

/** What only says that somebody is still writing the file. */
const PASSING = "source-changed";
/** What a file is, too, whose writer rests for longer than the server waits. */
const DOUBTFUL = "unreadable-file";

/** An error with the server's diagnosis. */
export class LiveError extends Error {
  /**
   * @param url that of the model.json
   * @param diagnosis `{code, message, hint, problems, title}`, each of which may be missing
   * @param isServed whether the page goes on with an earlier version of the model
   */
  constructor(url, diagnosis, isServed = false) {
    super(diagnosis.message || diagnosis.title || "the model cannot be loaded");
    this.name = "LiveError";
    this.url = url;
    this.code = diagnosis.code ?? "";
    this.hint = diagnosis.hint ?? "";
    this.problems = diagnosis.problems ?? [];
    this.isServed = isServed;
  }

  get isPassing() {
    return this.code === PASSING;
  }

  get isDoubtful() {
    return this.code === DOUBTFUL;
  }
}

/** Throw an error as one of a server that has not answered to its end: the model has no fault. */
export function cutOff(error) {
  throw Object.assign(error, { isCutOff: true });
}

/** Return the error that an answer other than 200 stands for. */
export async function errorOf(url, response) {
  const type = response.headers.get("Content-Type") ?? "";
  if (!type.startsWith("application/problem+json")) {
    const message = `${url} is answered with status ${response.status}`;
    return new LiveError(url, { code: `http-${response.status}`, message });
  }
  const problem = await response.json();
  return new LiveError(url, { ...problem, message: problem.detail });
}
