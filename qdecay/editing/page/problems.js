// What is wrong, said beside the field that has it.

import { byId } from "./dom.js";

export const CALM = 700; // milliseconds: nobody is told of a number that is only half typed

let timer = 0;
let told = []; // what to put right when the problem is gone

const parentOf = (where) => where.replace(/(\[[^[\]]*\]|\.[^.[\]]*)$/, "");

/** The field of a place, or of the nearest place around it. */
export function fieldOf(where) {
  for (let place = where; place; place = parentOf(place) === place ? "" : parentOf(place)) {
    const found = document.querySelector(`.panel:not([hidden]) [data-spot="${CSS.escape(place)}"]`);
    if (found) return found;
  }
  return null;
}

function clear() {
  for (const undo of told) undo();
  told = [];
}

function tellNow({ where, message }) {
  const target = fieldOf(where);
  const area = target.closest(".field");
  const slot = area.querySelector(":scope > .error, .error-row .error");
  slot.textContent = message;
  slot.hidden = false;
  slot.id = "told-problem";
  if (area.contains(document.activeElement)) slot.scrollIntoView({ block: "nearest" });
  told.push(() => { slot.hidden = true; slot.textContent = ""; slot.removeAttribute("id"); });
  if (!target.matches("input, select, textarea, [role=gridcell]")) return;
  const before = target.getAttribute("aria-describedby");
  target.setAttribute("aria-invalid", "true");
  target.setAttribute("aria-describedby", before ? `${before} told-problem` : "told-problem");
  told.push(() => {
    target.removeAttribute("aria-invalid");
    if (before) target.setAttribute("aria-describedby", before);
    else target.removeAttribute("aria-describedby");
  });
}

/**
 * Show a problem, { where, message, isMissing } with a place in the form; null takes it away, and undefined
 * only keeps one that is not told yet from being told. What is missing is told once its part of the form is left.
 * @returns whether there is a field to show it at
 */
export function showProblem(problem) {
  clearTimeout(timer);
  if (problem === undefined) return false;
  clear();
  const field = problem?.where && fieldOf(problem.where), area = field?.closest(".field");
  if (!area) return false;
  const tell = () => {
    if (problem.isMissing && area.contains(document.activeElement)) timer = setTimeout(tell, CALM);
    else tellNow(problem);
  };
  // While a field is typed into, and not at the moment of leaving it either: what it would push down
  // may be what is being pressed.
  if (field.contains(document.activeElement)) timer = setTimeout(tell, CALM);
  else tell();
  return true;
}
