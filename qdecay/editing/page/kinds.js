// The three kinds of problems, and what each form amounts to.

import * as chain from "./chain.js";
import * as grid from "./grid.js";
import * as model from "./model.js";

export const KINDS = { chain, grid, model };
export const WORDS = { chain: "chain", grid: "grid", model: "model" };

const known = new WeakMap();

/** What `compile` says of a form, and the `text` of its document; found once for each form. */
export function compiled(kind, form) {
  if (!known.has(form)) {
    const found = KINDS[kind].compile(form);
    known.set(form, { ...found, text: JSON.stringify(found.document) });
  }
  return known.get(form);
}

const isText = (value) => typeof value === "string";
const areTexts = (value) => Array.isArray(value) && value.every(isText);
const has = (form, names) => names.every((name) => isText(form[name]));
const SHAPES = {
  chain: (form) => form.branches.length >= 2 && form.branches.every((branch) => has(branch, ["name", "text"])) && isText(form.ending),
  grid: (form) => form.cells.length > 0 && form.cells[0].length > 0 && form.cells.every((row) => areTexts(row) && row.length === form.cells[0].length)
    && form.legend.every((kind) => has(kind, ["character", "reward", "to", "duration"])) && areTexts(form.wind) && has(form, ["living_reward", "noise", "bump_reward", "acts_on"]),
  model: (form) => form.rows.length > 0 && form.rows.every((row) => has(row, ["state", "action", "probability", "reward", "next", "duration"]))
    && isText(form.start) && areTexts(form.order.states) && areTexts(form.order.actions),
};

/** Whether a stored form has the shape that this version of the page writes. */
export function isForm(kind, form) {
  try {
    return SHAPES[kind](form);
  } catch {
    return false;
  }
}
