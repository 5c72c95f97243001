// Streams of rewards as they are typed: "0, 0, 4", "1/2 0.5", and "0 x 99, 110" for 99 zeros.

export const MOST_REWARDS = 100000; // of all choices together, as the library has it

/**
 * Read a text.
 * @returns runs, [{ text, count }], in which what is no number stays as it was typed, and `count`, of all
 */
export function readRuns(text) {
  const clean = text.replaceAll("\u2212", "-").replace(/\s*\/\s*/g, "/").replace(/\s*[x×*]\s*/gi, "x");
  const parts = clean.trim() ? clean.trim().split(/\s*[,;]\s*/) : [];
  if (parts.at(-1) === "") parts.pop(); // a comma after which nothing is typed yet
  const runs = [];
  for (const token of parts.flatMap((part) => part.split(/\s+/))) {
    const [, value, times] = token.match(/^(.+)x(\d{1,9})$/i) ?? [null, token, "1"];
    runs.push({ text: value, count: Number(times) });
  }
  return { runs, count: runs.reduce((sum, run) => sum + run.count, 0) };
}

/** A number of a document: text where JavaScript could not hold it exactly. */
export const exact = (text) => (/^[+-]?\d{1,15}$/.test(text.trim()) ? Number(text) : text.replaceAll("\u2212", "-").trim());

/** The rewards that runs stand for; where they are too many, runs stay as they were typed. */
export const rewardsOf = (runs, areTooMany) =>
  runs.flatMap(({ text, count }) => (areTooMany && count > 1 ? [`${text} x ${count}`] : Array(count).fill(exact(text))));

/** Rewards as a text that `readRuns` reads, with long runs in short. */
export function writeRewards(rewards) {
  const runs = [];
  for (const reward of rewards.map(String)) {
    if (runs.at(-1)?.text === reward) runs.at(-1).count += 1;
    else runs.push({ text: reward, count: 1 });
  }
  return runs.flatMap(({ text, count }) => (count > 5 ? [`${text} x ${count}`] : Array(count).fill(text))).join(", ");
}

const DECIMAL = /^[+\-\u2212]?\d+,\d+$/;
/** What to say of a text such as "0,5", in which a comma may be meant as the point of a decimal. */
export function decimalCommas(text) {
  const one = text.split(/,?\s+|;/).find((token) => DECIMAL.test(token) && token !== "0,0");
  return one ? `Read as two rewards, ${one.replace(",", " and ")}. If it is one number, type ${one.replace(",", ".")}` : "";
}

const FORM = /^[+-]?(\d+\/\d+|(\d+\.?\d*|\.\d+)(e[+-]?\d{1,6})?)$/i;
/** Whether a text is a number as the library reads one; a zero denominator is left to it. */
export const isNumber = (text) => FORM.test(text);

export const isZero = (text) => /^[+-]?(0+(\/\d+)?|0*\.?0*)$/.test(text) && /0/.test(text);

const steps = (count) => `${count.toLocaleString("en")} step${count === 1 ? "" : "s"}`;

/** What a stream pays, in words: "4 after 2 steps". */
export function inWords(runs) {
  const said = [];
  let step = 0, paid = 0;
  for (const { text, count } of runs) {
    if (count && isNumber(text) && !isZero(text)) {
      paid += 1;
      const when = () => (step ? ` after ${steps(step)}` : " now"); // which is slow to write, for thousands of rewards
      if (paid <= 4) said.push(count === 1 ? `${text}${when()}` : `${text} on ${steps(count)} in a row, the first${when()}`);
    }
    step += count;
  }
  if (!paid) return step && runs.every(({ text }) => isNumber(text)) ? "pays nothing" : "";
  const shown = paid > 4 ? [...said.slice(0, 3), `${(paid - 3).toLocaleString("en")} more`] : said;
  return `pays ${shown.join(shown.some((each) => each.includes(",")) ? "; " : ", ")}`;
}
