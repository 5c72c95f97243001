// Grid worlds: the brushes, the numbers and the kinds of cells around the board.

import { board } from "./board.js";
import { byId, labelled, make, reconcile, say, setOptions, setValue } from "./dom.js";
import { describe, FREE, freeLetter, inWords, kindOfCell, MOST_SIDE, NUMBER, resized, START, WALL } from "./map.js";

export { blank, compile, fromDocument, locate, reword } from "./map.js";

/** What is typed for the reward of an end, as a map writes it: "+1"; or null. */
function signed(text) {
  const clean = text.replaceAll("\u2212", "-").trim();
  const number = /^[+-]/.test(clean) ? clean : `+${clean}`;
  return NUMBER.test(number) ? number : null;
}

/** Show the form of grids in its panel. */
export function gridView(store) {
  const brushes = byId("brushes"), kinds = byId("kinds"), wind = byId("wind"), paying = byId("end-pays");
  let chosen = WALL; // "end", or the text that is painted
  const draw = board(store, () => (chosen === "end" ? signed(paying.value) : chosen));

  function choose(brush) {
    chosen = brush;
    for (const radio of brushes.querySelectorAll("input")) radio.checked = radio.value === brush;
  }

  paying.addEventListener("input", () => {
    const isWrong = signed(paying.value) === null;
    paying.setAttribute("aria-invalid", isWrong);
    byId("end-error").hidden = !isWrong;
    choose("end");
    showBrushes(store.form);
  });
  paying.addEventListener("click", () => { choose("end"); showBrushes(store.form); }); // not by passing it with Tab

  function showBrushes({ legend }) {
    const items = [
      { value: WALL, text: "", name: "Wall" }, { value: FREE, text: "", name: "Free" }, { value: START, text: START, name: "Start" },
      { value: "end", text: signed(paying.value) ?? "?", name: "End" },
      ...legend.filter(({ character }) => [...character].length === 1).map((kind) => ({ value: kind.character, text: kind.character, name: kind.reward.trim() ? `pays ${kind.reward.trim()}` : "own kind" })),
    ];
    if (!items.some(({ value }) => value === chosen)) chosen = WALL;
    reconcile(brushes, items, () => make("label", { class: "brush" },
      make("input", { type: "radio", name: "brush", class: "unseen", onchange: (event) => { chosen = event.target.value; } }),
      make("span", { class: "square", "aria-hidden": "true" }), make("span", { class: "brush-name" })), (label, { value, text, name }) => {
      const [radio, square, words] = label.children;
      radio.value = value;
      radio.checked = value === chosen;
      square.className = `square ${value === "end" && text === "?" ? "half" : describe(value === "end" ? text : value, legend).look}`;
      square.textContent = text.replace("-", "\u2212");
      words.textContent = name;
      radio.setAttribute("aria-label", value === "end" ? `End that pays ${text}` : legend.some(({ character }) => character === value) ? inWords(legend.find(({ character }) => character === value)) : name);
    });
  }

  // ---- the size

  /** Give the map so many rows or columns as are typed, or the nearest number that there can be. */
  function resize(spot, typed) {
    const { cells, wind: blown } = store.form, sides = { rows: cells.length, columns: cells[0].length };
    const wanted = typed.trim() ? Math.round(Number(typed)) : NaN;
    const side = Number.isNaN(wanted) ? sides[spot] : Math.max(1, Math.min(MOST_SIDE, wanted));
    const { rows, columns } = { ...sides, [spot]: side };
    if (side === sides[spot]) show(store.form);
    else store.change({ ...store.form, cells: resized(cells, rows, columns), wind: blown.slice(0, columns) }, spot);
    if (String(side) === typed.trim()) return say(`${rows} rows, ${columns} columns`, 300);
    byId("size-error").textContent = `A map has 1 to ${MOST_SIDE} ${spot}: “${typed.trim()}” became ${side}.`;
    byId("size-error").hidden = false;
    return say(byId("size-error").textContent);
  }
  for (const button of document.querySelectorAll("button[data-more]")) {
    button.addEventListener("click", () => resize(button.dataset.more, String(Number(byId(button.dataset.more).value) + Number(button.dataset.by))));
  }
  for (const spot of ["rows", "columns"]) byId(spot).addEventListener("change", (event) => resize(spot, event.target.value));

  // ---- the numbers of the world

  const fields = document.querySelectorAll("[data-number]");
  for (const field of fields) field.addEventListener("input", () => store.change({ ...store.form, [field.dataset.number]: field.value }, field.dataset.spot, field.dataset.spot));
  const moments = document.querySelectorAll("input[name=acts-on]");
  for (const radio of moments) radio.addEventListener("change", () => store.change({ ...store.form, acts_on: radio.value }, "acts_on"));

  function changeWind(column, text) {
    const blown = store.form.cells[0].map((_, i) => (i === column ? text : store.form.wind[i] ?? ""));
    store.change({ ...store.form, wind: blown }, `wind[${column}]`, `wind[${column}]`);
  }

  // ---- own kinds of cells

  function changeKind(index, part, value) {
    const old = store.form.legend[index];
    const legend = store.form.legend.map((kind, i) => (i === index ? { ...kind, [part]: value } : kind));
    let { cells } = store.form;
    if (part === "character" && [...value].length === 1 && [...old.character].length === 1 && !store.form.legend.some(({ character }) => character === value)) {
      cells = cells.map((line) => (line.includes(old.character) ? line.map((cell) => (cell === old.character ? value : cell)) : line));
      if (chosen === old.character) chosen = value;
    }
    store.change({ ...store.form, legend, cells }, `legend[${index}].${part}`, `legend[${index}].${part}`);
  }

  byId("add-kind").addEventListener("click", () => {
    const character = freeLetter(store.form), index = store.form.legend.length;
    chosen = character;
    store.change({ ...store.form, legend: [...store.form.legend, kindOfCell(character, { reward: "-1" })] }, `legend[${index}].reward`);
    const field = kinds.lastElementChild.querySelector("[data-part=reward]");
    field.focus();
    field.select();
    say(`New kind of cell ${character}, chosen for painting`);
  });

  function removeKind(index) {
    const { character } = store.form.legend[index];
    const cells = store.form.cells.map((line) => line.map((cell) => (cell === character ? FREE : cell)));
    store.change({ ...store.form, cells, legend: store.form.legend.filter((_, i) => i !== index) }, "legend");
    say(`Removed ${character}, also from the map`);
    (kinds.children[Math.min(index, kinds.children.length - 1)]?.querySelector(".remove") ?? byId("add-kind")).focus();
  }

  function createKind(index) {
    const text = (part, more) => make("input", { type: "text", autocomplete: "off", spellcheck: "false", "data-part": part, "data-spot": `legend[${index}].${part}`, oninput: (event) => changeKind(index, part, event.target.value), ...more });
    return make("fieldset", { class: "kind field", "data-spot": `legend[${index}]` }, make("legend", { class: "unseen" }),
      make("span", { class: "square", "aria-hidden": "true" }),
      labelled("Letter", text("character", { maxlength: 2, class: "letter" })), labelled("Pays", text("reward", { placeholder: "as others", class: "number" })),
      labelled("Steps", text("duration", { placeholder: "1", class: "number", inputmode: "numeric" })),
      labelled("Jumps to", make("select", { "data-part": "to", "data-spot": `legend[${index}].to`, onchange: (event) => changeKind(index, "to", event.target.value) })),
      make("label", { class: "check" }, make("input", { type: "checkbox", "data-part": "end", "data-spot": `legend[${index}].end`, onchange: (event) => changeKind(index, "end", event.target.checked) }), " ends"),
      make("button", { type: "button", class: "remove quiet", onclick: () => removeKind(index) }, "✕"),
      make("p", { class: "error", hidden: true }));
  }

  function showKind(row, kind, index, form) {
    row.querySelector("legend").textContent = `Kind of cell ${kind.character}`;
    const square = row.querySelector(".square");
    square.className = `square own own${index % 5}`;
    square.textContent = kind.character;
    for (const part of ["character", "reward", "duration"]) setValue(row.querySelector(`[data-part=${part}]`), kind[part]);
    row.querySelector("[data-part=end]").checked = kind.end;
    const targets = [START, ...form.legend.map(({ character }) => character).filter((character) => character !== kind.character && character)];
    if (kind.to && !targets.includes(kind.to)) targets.push(kind.to);
    setOptions(row.querySelector("[data-part=to]"), [["", "nowhere"], ...targets.map((target) => [target, target === START ? "the start" : target])], kind.to);
    row.querySelector(".remove").setAttribute("aria-label", `Remove ${kind.character}, also from the map`);
  }

  function show(form) {
    const [rows, columns] = [form.cells.length, form.cells[0].length];
    byId("size-error").hidden = true;
    setValue(byId("rows"), String(rows));
    setValue(byId("columns"), String(columns));
    document.documentElement.style.setProperty("--board", columns);
    showBrushes(form);
    draw(form);
    for (const field of fields) setValue(field, form[field.dataset.number]);
    for (const radio of moments) radio.checked = radio.value === form.acts_on;
    reconcile(kinds, form.legend, createKind, (row, kind, index) => showKind(row, kind, index, form));
    const blows = form.wind.some((text) => text.trim() && text.trim() !== "0");
    if (blows) byId("wind-details").open = true;
    wind.style.setProperty("--columns", columns);
    reconcile(wind, form.cells[0], (column) => make("input", { type: "text", class: "number", inputmode: "numeric", placeholder: "0", autocomplete: "off", "aria-label": `Wind of column ${column + 1}, cells up`, "data-spot": `wind[${column}]`, oninput: (event) => changeWind(column, event.target.value) }),
      (field, _, column) => setValue(field, form.wind[column] ?? ""));
  }
  return show;
}
