// Models: a table of everything that can happen.

import { byId, make, reconcile, say, setOptions, setValue } from "./dom.js";
import { blankRow, COLUMNS, namesOf, pasted, RANDOM, startOf, withRows } from "./moves.js";

export { blank, compile, fromDocument, locate, reword } from "./moves.js";

const TITLES = { state: "In state", action: "doing", probability: "with chance", reward: "pays", next: "leads to", ends: "ends", duration: "steps" };
const HINTS = { probability: "1", reward: "0", duration: "1" };
const LISTS = { state: "state-list", action: "action-list", next: "state-list" };

/** Show the form of models in its panel. */
export function modelView(store) {
  const table = byId("moves");

  function change(index, column, value) {
    const rows = store.form.rows.map((row, i) => (i === index ? { ...row, [column]: value, isNew: false } : row));
    store.change(withRows(store.form, rows), `rows[${index}].${column}`, column === "ends" ? null : `rows[${index}].${column}`);
  }

  const bodies = () => table.tBodies;
  const fieldAt = (index, column) => bodies()[index]?.querySelector(`[data-column=${column}]`);

  function focus(index, column) {
    const field = fieldAt(index, column);
    field?.focus();
    if (field?.type === "text") field.select();
  }

  /** Add a row that goes on where the last one stopped. */
  function add() {
    const { rows } = store.form;
    store.change(withRows(store.form, [...rows, blankRow({ state: rows.at(-1).state, isNew: true })]), `rows[${rows.length}].state`);
    focus(rows.length, "state"); // all of it is selected: typing replaces it, Tab goes on
  }

  function remove(index) {
    const rows = store.form.rows.filter((_, i) => i !== index);
    store.change(withRows(store.form, rows.length ? rows : [blankRow()]), `rows[${Math.max(0, index - 1)}].state`);
    say(`Removed row ${index + 1}`);
    bodies()[Math.min(index, store.form.rows.length - 1)].querySelector(".remove").focus();
  }

  function create(index) {
    const text = (column) => make("input", { type: "text", autocomplete: "off", spellcheck: "false", class: `cell-${column}`, "data-column": column, "data-spot": `rows[${index}].${column}`, placeholder: HINTS[column], oninput: (event) => change(index, column, event.target.value) });
    const tick = make("input", { type: "checkbox", "data-column": "ends", "data-spot": `rows[${index}].ends`, onchange: (event) => change(index, "ends", event.target.checked) });
    const cells = COLUMNS.map((column) => make("td", { class: `of-${column}`, "data-label": TITLES[column] }, column === "ends" ? tick : text(column)));
    return make("tbody", { class: "field", "data-spot": `rows[${index}]` },
      make("tr", {}, ...cells, make("td", { class: "of-remove" }, make("button", { type: "button", class: "remove quiet", onclick: () => remove(index) }, "✕"))),
      make("tr", { class: "error-row" }, make("td", { colspan: COLUMNS.length }, make("p", { class: "error", hidden: true }))));
  }

  function show(body, row, index) {
    const fields = new Map([...body.querySelectorAll("[data-column]")].map((field) => [field.dataset.column, field]));
    for (const [column, field] of fields) {
      if (column === "ends") field.checked = row.ends;
      else setValue(field, row[column]);
      field.setAttribute("aria-label", `Row ${index + 1}: ${TITLES[column]}`);
    }
    fields.get("next").placeholder = row.ends ? "—" : "";
    const above = store.form.rows[index - 1];
    body.classList.toggle("first", !above || above.state !== row.state);
    body.querySelector(".remove").setAttribute("aria-label", `Remove row ${index + 1}`);
  }

  // Only the field in use has suggestions: each new name is told to every field that has some.
  table.addEventListener("focusin", ({ target }) => { if (LISTS[target.dataset.column]) target.setAttribute("list", LISTS[target.dataset.column]); });
  table.addEventListener("focusout", ({ target }) => target.removeAttribute("list"));
  table.addEventListener("keydown", (event) => {
    const column = event.target.dataset.column, index = [...bodies()].indexOf(event.target.closest("tbody"));
    if (!column || event.altKey || event.ctrlKey || event.metaKey) return;
    const down = event.key === "Enter" || event.key === "ArrowDown";
    if (!down && event.key !== "ArrowUp") return;
    if (event.key === "Enter" && event.target.type === "checkbox") return;
    event.preventDefault();
    if (event.key === "Enter" && index === store.form.rows.length - 1) add();
    else focus(index + (down ? 1 : -1), column);
  });
  table.addEventListener("paste", (event) => {
    const column = event.target.dataset.column, index = [...bodies()].indexOf(event.target.closest("tbody"));
    const rows = column && pasted(store.form.rows, index, column, event.clipboardData.getData("text/plain"));
    if (!rows) return;
    event.preventDefault();
    store.change(withRows(store.form, rows), `rows[${index}].${column}`);
    say(`${rows.length} rows`);
  });
  byId("add-row").addEventListener("click", add);
  byId("start").addEventListener("change", (event) => store.change({ ...store.form, start: event.target.value }, "start"));
  const longer = byId("with-duration");
  longer.addEventListener("change", () => table.classList.toggle("timed", longer.checked));

  return (form) => {
    const { states, actions } = namesOf(form);
    reconcileBodies(table, form.rows, create, show);
    for (const [id, names] of [["state-list", states], ["action-list", actions]]) {
      reconcile(byId(id), names, () => make("option"), (option, name) => setValue(option, name));
    }
    const random = form.odds ? [[RANDOM, "one by chance, as in the file"]] : [];
    setOptions(byId("start"), [...random, ...states.map((name) => [name, name])], startOf(form, states));
    if (form.rows.some(({ duration }) => duration.trim())) longer.checked = true;
    table.classList.toggle("timed", longer.checked);
  };
}

/** As `reconcile`, of the bodies of a table, which has a head as well. */
function reconcileBodies(table, rows, create, show) {
  const bodies = [...table.tBodies]; // a list of its own: the live one is counted anew after each change
  for (const body of bodies.splice(rows.length)) body.remove();
  for (let index = bodies.length; index < rows.length; index += 1) bodies.push(create(index));
  table.append(...bodies.filter((body) => !body.isConnected));
  rows.forEach((row, index) => show(bodies[index], row, index));
}
