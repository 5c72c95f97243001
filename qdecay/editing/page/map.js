// Maps of grid worlds, qdecay.grid/1: their text, their size, their legend.

import { exact } from "./streams.js";

const SCHEMA = "qdecay.grid/1";
const CELL = /[+-]\d+(?:\/\d+|\.\d+)?|[^]/gu; // as the library reads a row
export const NUMBER = /^[+-]\d+(?:\/\d+|\.\d+)?$/;
export const [WALL, START, FREE] = ["#", "S", " "];
export const MOST_SIDE = 100;
const OWN = "#S .+-0123456789"; // characters with a meaning of their own

const NUMBERS = ["living_reward", "noise", "bump_reward"];

export const kindOfCell = (character, more = {}) => ({ character, reward: "", end: false, to: "", duration: "", ...more });

/** An empty world of 5 by 4 with its start in the lower left. */
export function blank() {
  const cells = Array.from({ length: 4 }, () => Array(5).fill(FREE));
  cells[3][0] = START;
  return { cells, legend: [], living_reward: "", noise: "", bump_reward: "", wind: [], acts_on: "leaving" };
}

const textOf = (value) => (value === undefined || value === null ? "" : String(value));

/** The form of a document, qdecay.grid/1. */
export function fromDocument(document) {
  const legend = Object.entries(document.legend ?? {}).map(([character, entry]) =>
    kindOfCell(character, { reward: textOf(entry.reward), end: entry.end === true, to: textOf(entry.to), duration: textOf(entry.duration) }));
  return {
    cells: document.map.map((row) => row.match(CELL).map((cell) => (cell === "." ? FREE : cell))),
    legend,
    ...Object.fromEntries(NUMBERS.map((name) => [name, textOf(document[name])])),
    wind: (document.wind ?? []).map(String),
    acts_on: document.acts_on ?? "leaving",
  };
}

/** The document of a form, and what is wrong with it as far as the page can tell. */
export function compile(form) {
  const problem = problemOf(form);
  const drawn = new Set(form.cells.flat());
  const legend = {};
  for (const { character, reward, end, to, duration } of form.legend) {
    if (!drawn.has(character)) continue; // the library refuses what is not on the map
    legend[character] = { ...(reward.trim() && { reward: exact(reward) }), ...(end && { end }), ...(to && { to }), ...(duration.trim() && { duration: exact(duration) }) };
  }
  const document = { schema: SCHEMA, map: form.cells.map((row) => row.join("")), ...(Object.keys(legend).length && { legend }) };
  for (const name of NUMBERS) if (form[name].trim()) document[name] = exact(form[name]);
  if (form.wind.some((blown) => blown.trim())) document.wind = form.cells[0].map((_, i) => exact(form.wind[i]?.trim() || "0"));
  return { isEmpty: false, document: { ...document, acts_on: form.acts_on }, problem };
}

/** What a map cannot even write down. */
function problemOf({ cells, legend }) {
  for (const [row, line] of cells.entries()) {
    for (const [column, cell] of line.entries()) {
      if (/^[+-]/.test(cell) && !NUMBER.test(cell)) return { where: `map[${row}][${column}]`, message: `“${cell}” is not a number yet: write +1, -10, +1/2 or -0.5` };
    }
  }
  const seen = new Set();
  for (const [index, { character }] of legend.entries()) {
    const where = `legend[${index}].character`;
    if ([...character].length !== 1) return { where, message: "one letter stands for this kind of cell on the map" };
    if (OWN.includes(character)) return { where, message: `“${character}” has a meaning of its own on a map: take a letter` };
    if (seen.has(character)) return { where, message: `“${character}” stands for two kinds of cells: take another letter` };
    seen.add(character);
  }
  return null;
}

/** The place in the form of a place in the document. */
export function locate(where, { legend }) {
  const [, character, rest] = where.match(/^legend\.(.)(.*)$/u) ?? [];
  const index = legend.findIndex((entry) => entry.character === character);
  return index < 0 ? where : `legend[${index}]${rest}`;
}

/** A message of the library, told beside a field, without the name that the field has in a file. */
export const reword = (message) => message.replace(/^(noise|living_reward|bump_reward|legend: '.': (reward|duration)) /u, "this ");

/** The cells with another size: free ones come in, and what is cut off is gone. */
export function resized(cells, rows, columns) {
  return Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (__, column) => cells[row]?.[column] ?? FREE));
}

/** The cells with one painted; the start is there once, so that painting it moves it. */
export function painted(cells, row, column, brush) {
  return cells.map((line, r) => (r !== row && !(brush === START && line.includes(START)) ? line
    : line.map((cell, c) => (r === row && c === column ? brush : brush === START && cell === START ? FREE : cell))));
}

/** A letter that stands for nothing yet. */
export function freeLetter({ cells, legend }) {
  const taken = new Set([...cells.flat(), ...legend.map(({ character }) => character), ...OWN]);
  return [..."ABCDEFGHIJKLMNOPQRTUVWXYZabcdefghijklmnopqrstuvwxyz"].find((letter) => !taken.has(letter)) ?? "?";
}

/** What a cell is, for its look and for a screen reader. */
export function describe(cell, legend) {
  if (cell === FREE) return { look: "free", words: "free" };
  if (cell === WALL) return { look: "wall", words: "wall" };
  if (cell === START) return { look: "start", words: "start" };
  const index = legend.findIndex(({ character }) => character === cell);
  if (index >= 0) return { look: `own own${index % 5}`, words: inWords(legend[index]) };
  if (!NUMBER.test(cell)) return { look: "half", words: `${cell}, not a number yet` };
  return { look: cell.startsWith("-") ? "loss" : "gain", words: `end that pays ${cell}` };
}

/** A kind of cell in words. */
export function inWords({ character, reward, end, to, duration }) {
  const said = [reward.trim() && `pays ${reward.trim()}`, end && "ends", to && `jumps to ${to}`, duration.trim() && `takes ${duration.trim()} steps`];
  return [character, said.filter(Boolean).join(", ")].filter(Boolean).join(": ");
}
