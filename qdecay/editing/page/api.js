// The server's answers. What is asked for lies below the page's own address, which holds the token.

/** The server refused: its words, and the place in the document that they are about, or null. */
export class Refused extends Error {
  constructor(status, error, answer) {
    super(error.message);
    this.status = status;
    this.where = error.where ?? null;
    this.answer = answer;
  }
}

/** The server does not answer, or another one does. */
export class Gone extends Error {}

/** JSON with each number that JavaScript would round as its text: exact stays exact. */
export function parseExactly(text) {
  return JSON.parse(text, (_, value, context) =>
    typeof value === "number" && context?.source !== undefined && String(value) !== context.source ? context.source : value);
}

/** GET a path, or POST a body to it, and return the answer. */
export async function ask(path, body, signal) {
  const posted = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let response, text;
  try {
    response = await fetch(path, { ...posted, signal, cache: "no-store", redirect: "error" });
    text = await response.text();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Gone("the server does not answer");
  }
  let answer;
  try {
    answer = parseExactly(text);
  } catch {
    throw new Gone("the answer is not the editor's");
  }
  if (response.ok) return answer;
  if (!answer?.error?.message) throw new Gone("the answer is not the editor's");
  throw new Refused(response.status, answer.error, answer);
}
