// What is wrong, said beside the field that has it.

import { byId } from "./dom.js";

const CALM = 700; // milliseconds: nobody is told of a number that is only half typed

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
  clearTimeout(timer);
  for (const undo of told) undo();
  told = [];
}

function tellNow({ where, message }) {
  const target = where && fieldOf(where);
  const area = target?.closest(".field");
  const slot = area?.querySelector(":scope > .error, .error-row .error") ?? document.querySelector(".panel:not([hidden]) > .error");
  slot.textContent = message;
  slot.hidden = false;
  slot.id = "told-problem";
  told.push(() => { slot.hidden = true; slot.textContent = ""; slot.removeAttribute("id"); });
  if (!target?.matches("input, select, textarea, [role=gridcell]")) return;
  const before = target.getAttribute("aria-describedby");
  target.setAttribute("aria-invalid", "true");
  target.setAttribute("aria-describedby", before ? `${before} told-problem` : "told-problem");
  told.push(() => {
    target.removeAttribute("aria-invalid");
    if (before) target.setAttribute("aria-describedby", before);
    else target.removeAttribute("aria-describedby");
  });
}

/** Show a problem, { where, message } with a place in the form; null takes it away. */
export function showProblem(problem) {
  clear();
  if (!problem) return;
  const field = problem.where && fieldOf(problem.where);
  const isTyping = field && (field === document.activeElement || field.contains(document.activeElement));
  if (!isTyping) return tellNow(problem);
  const now = () => { document.removeEventListener("focusout", now); clearTimeout(timer); tellNow(problem); };
  timer = setTimeout(now, CALM);
  document.addEventListener("focusout", now);
  told.push(() => document.removeEventListener("focusout", now));
}
