// Models of transitions, qdecay.mdp/1: rows of names and numbers, and the document of numbers.

import { exact } from "./streams.js";

const SCHEMA = "qdecay.mdp/1";
export const COLUMNS = ["state", "action", "probability", "reward", "next", "ends", "duration"];
const RENAMED = { next_state: "next", terminated: "ends" }; // from the words of the library to those of the form

export const blankRow = (more = {}) => ({ state: "", action: "", probability: "", reward: "", next: "", ends: false, duration: "", ...more });

export const blank = () => ({ rows: [blankRow()], start: "", order: { states: [], actions: [] }, odds: null, kept: {} });

/** The form with other rows: what a file says of how its own rows came about is not true of these. */
export const withRows = (form, rows) => ({ ...form, rows, kept: { ...(form.kept?.time_limit && { time_limit: form.kept.time_limit }) } });

/** A new row that only has its first state, which nobody has typed, says no more than an empty one. */
const isBlank = (row) => row.isNew || !["state", "action", "probability", "reward", "next", "duration"].some((column) => row[column].trim());

const named = (names, count) => names ?? Array.from({ length: count }, (_, i) => String(i));

/** The rows in which something is written, with their places: those that the document has. */
const written = (rows) => rows.map((row, index) => [row, index]).filter(([row]) => !isBlank(row));

/**
 * The form of a document, qdecay.mdp/1.
 *
 * What the page does not show is kept for the file: counts, a time limit, remarks, and the odds of each state to be the first, by name.
 */
export function fromDocument({ schema, n_states, n_actions, start, state_names, action_names, transitions, initial_states, ...kept }) {
  const states = named(state_names, n_states), actions = named(action_names, n_actions);
  const rows = transitions.map(([s, a, t, probability, reward, ends, duration]) => blankRow({ state: states[s], action: actions[a],
    probability: String(probability), reward: String(reward), next: states[t], ends: ends === true, duration: duration === undefined ? "" : String(duration) }));
  return { rows, start: start === undefined || start === null ? RANDOM : states[start], order: { states, actions }, odds: initial_states?.map(([s, odds]) => [states[s], odds]) ?? null, kept };
}

/** Names in the order of a file, and then as they come. */
function inOrder(order, names) {
  const found = new Set(names.filter((name) => name !== ""));
  return [...new Set([...order.filter((name) => found.has(name)), ...found])];
}

/** The names of the states and of the actions, in the order of their numbers. */
export function namesOf({ rows, order }) {
  const used = written(rows).map(([row]) => row);
  return {
    states: inOrder(order.states, used.flatMap(({ state, next }) => [state.trim(), next.trim()])),
    actions: inOrder(order.actions, used.map(({ action }) => action.trim())),
  };
}

/** The choice of the random start that the file has; names are trimmed, so it is none. */
export const RANDOM = " ";

/** Where a form starts, of the states that it names: in one of them, or at random while all that the file begins in are left. */
export function startOf({ start, odds }, states) {
  if (states.includes(start)) return start;
  return odds?.every(([name]) => states.includes(name)) ? RANDOM : states[0] ?? "";
}

/** The document of a form, and what is wrong with it as far as the page can tell. */
export function compile(form) {
  const { states, actions } = namesOf(form);
  const places = written(form.rows);
  const transitions = [];
  let problem = null;
  for (const [row, index] of places) {
    const [state, action] = [row.state.trim(), row.action.trim()];
    const next = row.next.trim() || (row.ends ? state : "");
    for (const [column, value, message] of [["state", state, "name the state in which this happens"], ["action", action, "name the action"], ["next", next, "name the state that follows, or let it end"]]) {
      if (!value) problem ??= { where: `rows[${index}].${column}`, message, isMissing: true };
    }
    const steps = row.duration.trim();
    transitions.push([states.indexOf(state), actions.indexOf(action), states.indexOf(next), exact(row.probability.trim() || "1"), exact(row.reward.trim() || "0"), row.ends, ...(steps ? [exact(steps)] : [])]);
  }
  const first = startOf(form, states);
  const begin = first === RANDOM ? { initial_states: form.odds.map(([name, odds]) => [states.indexOf(name), odds]) } : states.length && { start: states.indexOf(first) };
  const isPlain = (names) => names.every((name, i) => name === String(i));
  const document = { schema: SCHEMA, n_states: states.length, n_actions: actions.length, ...begin,
    ...(!isPlain(states) && { state_names: states }), ...(!isPlain(actions) && { action_names: actions }), transitions, ...form.kept };
  return { isEmpty: !places.length, document, problem };
}

/** The place in the form of a place in the document. */
export function locate(where, form) {
  const used = written(form.rows);
  const [, row, entry] = where.match(/^transitions\[(\d+)\](?:\.(\w+))?/) ?? [];
  if (row !== undefined) return `rows[${used[row]?.[1]}]${entry === undefined ? "" : `.${RENAMED[entry] ?? entry}`}`;
  const [, kind, number] = where.match(/^(state|action)_names\[(\d+)\]/) ?? [];
  if (kind) {
    const name = namesOf(form)[`${kind}s`][number];
    const at = used.find(([each]) => each[kind].trim() === name) ?? used.find(([each]) => each.next.trim() === name);
    return at ? `rows[${at[1]}].${at[0][kind].trim() === name ? kind : "next"}` : where;
  }
  return where;
}

/** A message of the library, which knows rows, states and actions by their numbers, in the words of the form. */
export function reword(message, form) {
  const { states, actions } = namesOf(form), used = written(form.rows);
  const inRow = message.replace(/^transition (\d+)(?: \([^)]*\))?/, (said, number) => (used[number] ? `row ${used[number][1] + 1}` : said));
  return inRow.replace(/(?<=^row \d+: |^state \d+, action \d+: )probabilit(y|ies)\b/, (_, one) => (one === "y" ? "the chance" : "the chances")).replace(/\b(state|action) (\d+)\b/g, (said, kind, number) => {
    const name = (kind === "state" ? states : actions)[number];
    return name === undefined || name === number ? said : `${kind} “${name}”`;
  });
}

const YES = new Set(["true", "1", "yes", "y", "x", "ends", "✓"]);

/**
 * Rows pasted from a spreadsheet, into a column of a row.
 * @returns the new rows, or null where the text is a single cell
 */
export function pasted(rows, at, column, text) {
  const lines = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "").split("\n");
  if (lines.length < 2 && !text.includes("\t")) return null;
  const separator = ["\t", ";", ","].find((each) => text.includes(each)) ?? ","; // where ; separates, 0,9 is one number
  let table = lines.map((line) => line.split(separator).map((cell) => cell.trim()));
  if (/^state$/i.test(table[0][0]) && /^action$/i.test(table[0][1] ?? "")) table = table.slice(1);
  const first = COLUMNS.indexOf(column), result = [...rows];
  for (const [i, cells] of table.entries()) {
    const row = { ...(result[at + i] ?? blankRow()), isNew: false };
    for (const [j, cell] of cells.entries()) {
      const name = COLUMNS[first + j];
      if (name === "ends") row.ends = YES.has(cell.toLowerCase());
      else if (name) row[name] = cell;
    }
    result[at + i] = row;
  }
  return result;
}
