// The board that a grid world is drawn on, with the mouse, a finger or the keyboard.

import { byId, make, reconcile, say } from "./dom.js";
import { describe, FREE, painted, START, WALL } from "./map.js";

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * @param store the forms
 * @param brush returns what is painted with: a cell's text, or null where that is not valid
 */
export function board(store, brush) {
  const area = byId("board");
  const here = { row: 0, column: 0 }; // the cell that Tab leads to
  let shown = []; // the cells as they are drawn
  let legendShown = null;
  let stroke = null; // what is painted while a button is held down
  let strokes = 0; // each is undone as one: what is dragged, and a number that is typed
  let typed = null; // the cell that a number is typed into

  const cellAt = (row, column) => area.children[row]?.children[column];
  const sizes = () => [store.form.cells.length, store.form.cells[0].length];

  function paint(row, column, text, key = null) {
    if (text === null || store.form.cells[row][column] === text) return;
    store.change({ ...store.form, cells: painted(store.form.cells, row, column, text) }, `map[${row}][${column}]`, key);
  }

  function placeOf(target) {
    const cell = target?.closest?.("[role=gridcell]");
    return cell && area.contains(cell) ? { row: [...area.children].indexOf(cell.parentElement), column: [...cell.parentElement.children].indexOf(cell) } : null;
  }

  /** Move the cell that Tab leads to, and the focus with it. */
  function go(row, column, focus = true) {
    const [rows, columns] = sizes();
    cellAt(here.row, here.column)?.setAttribute("tabindex", "-1");
    here.row = Math.max(0, Math.min(rows - 1, row));
    here.column = Math.max(0, Math.min(columns - 1, column));
    const cell = cellAt(here.row, here.column);
    cell.setAttribute("tabindex", "0");
    if (focus) cell.focus();
  }

  /** Begin a stroke: on what it would paint it takes that away, as an eraser does. */
  function begin({ row, column }) {
    const text = brush();
    typed = null;
    strokes += 1;
    stroke = { text: store.form.cells[row][column] === text && text !== START ? FREE : text, key: `stroke ${strokes}` };
    go(row, column);
    paint(row, column, stroke.text, stroke.key);
  }

  let isBegun = false; // by a pointer: the click that follows is no other stroke
  area.addEventListener("pointerdown", (event) => {
    const place = placeOf(event.target);
    // A finger moves a map that is wider than the screen, and paints where it taps.
    isBegun = Boolean(place) && !event.button && !(event.pointerType === "touch" && area.classList.contains("dense"));
    if (!isBegun) return;
    if (event.pointerType === "mouse") event.preventDefault();
    begin(place);
    if (event.target.hasPointerCapture?.(event.pointerId)) event.target.releasePointerCapture(event.pointerId);
  });
  area.addEventListener("pointermove", (event) => {
    const place = stroke && event.buttons && placeOf(document.elementFromPoint(event.clientX, event.clientY));
    if (!place) return;
    go(place.row, place.column);
    paint(place.row, place.column, stroke.text, stroke.key);
  });
  area.addEventListener("click", (event) => { // of a tap, or of a screen reader
    const place = placeOf(event.target);
    if (place && !isBegun) begin(place);
    stroke = null;
  });
  for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => { stroke = null; });

  /** What a key writes into the cell: a number grows as it is typed. */
  function write(key) {
    const { row, column } = here;
    const text = store.form.cells[row][column];
    const grows = typed === `${row} ${column}` && /^[+-]/.test(text);
    if (grows && /^[\d.,/]$/.test(key)) return text + key.replace(",", ".");
    if (grows && key === "Backspace") return text.slice(0, -1) || FREE;
    if (/^\d$/.test(key)) return `+${key}`;
    if (/^[+-]$/.test(key)) return key;
    if (key === "\u2212") return "-";
    if (key === "Delete" || key === "Backspace" || key === ".") return FREE;
    if (key === WALL) return WALL;
    if (key === "s" && !store.form.legend.some(({ character }) => character === "s")) return START;
    if (key === START || store.form.legend.some(({ character }) => character === key)) return key;
    return null;
  }

  area.addEventListener("keydown", (event) => {
    if (event.ctrlKey && !["Home", "End"].includes(event.key)) return;
    if (event.altKey || event.metaKey) return;
    const [rows, columns] = sizes();
    const { row, column } = here;
    const step = ARROWS[event.key];
    const jump = { Home: [event.ctrlKey ? 0 : row, 0], End: [event.ctrlKey ? rows - 1 : row, columns - 1], PageUp: [0, column], PageDown: [rows - 1, column] }[event.key];
    if (step || jump) {
      go(...(step ? [row + step[0], column + step[1]] : jump));
      if (step && event.shiftKey) paint(here.row, here.column, brush(), `stroke ${strokes}`);
    } else if (event.key === " " || event.key === "Enter") {
      begin(here);
      stroke = null;
      say(`${describe(store.form.cells[row][column], store.form.legend).words}`);
    } else {
      const text = write(event.key);
      if (text === null) return;
      if (typed !== `${row} ${column}`) strokes += 1;
      paint(row, column, text, `stroke ${strokes}`);
      typed = `${row} ${column}`;
      say(`${describe(store.form.cells[row][column], store.form.legend).words}`, 500);
      event.preventDefault();
      return;
    }
    typed = null;
    event.preventDefault();
  });
  area.addEventListener("focusin", (event) => {
    const place = placeOf(event.target);
    if (place && (place.row !== here.row || place.column !== here.column)) go(place.row, place.column, false);
  });

  function show(element, text, row, column, rows, legend) {
    const { look, words } = describe(text, legend);
    element.className = `square ${look}`;
    element.textContent = text === WALL || text === FREE ? "" : text.replace("-", "\u2212");
    element.setAttribute("aria-label", `column ${column + 1}, row ${rows - row}: ${words}`);
  }

  return ({ cells, legend }) => {
    const rows = cells.length, columns = cells[0].length;
    const isNew = shown.length !== rows || shown[0].length !== columns || legend !== legendShown;
    area.style.setProperty("--columns", columns);
    area.setAttribute("aria-rowcount", rows);
    area.setAttribute("aria-colcount", columns);
    area.classList.toggle("dense", columns > 16);
    reconcile(area, cells, () => make("div", { role: "row" }), (line, texts, row) => {
      if (!isNew && texts === shown[row]) return;
      reconcile(line, texts, (column) => make("div", { role: "gridcell", tabindex: "-1", "data-spot": `map[${row}][${column}]` }), (element, text, column) => {
        if (isNew || text !== shown[row][column]) show(element, text, row, column, rows, legend);
      });
    });
    shown = cells;
    legendShown = legend;
    go(here.row, here.column, false);
  };
}
