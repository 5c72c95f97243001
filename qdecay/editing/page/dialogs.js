// Questions, one at a time, in the browser's own dialog: focus stays inside, Escape leaves.

import { make } from "./dom.js";

/**
 * Ask, and return the value of the button that was pressed; null where the question was left.
 * @param title of the dialog
 * @param body elements below it
 * @param buttons [{ label, value, kind }], of which "main" is pressed by Enter
 * @param check is called with the value; a text that it returns says why it cannot be yet
 * @param wrong why an earlier answer could not be
 */
export function question({ title, body = [], buttons = [], check = () => "", wrong = "", wide = false }) {
  const before = document.activeElement;
  return new Promise((resolve) => {
    const error = make("p", { class: "error", role: "alert", hidden: !wrong }, wrong);
    const finish = (value) => { dialog.close(); dialog.remove(); before?.focus?.(); resolve(value); };
    const press = (value) => {
      error.textContent = value === null ? "" : check(value);
      error.hidden = !error.textContent;
      if (error.hidden) finish(value);
    };
    const made = buttons.map(({ label, value, kind = "" }) => make("button", { type: kind === "main" ? "submit" : "button", class: kind, onclick: (event) => { event.preventDefault(); press(value); } }, label));
    const form = make("form", { method: "dialog" }, make("h2", { id: "dialog-title" }, title), ...body, error,
      make("div", { class: "dialog-buttons" }, ...made, make("button", { type: "button", class: "quiet", onclick: () => finish(null) }, "Cancel")));
    const dialog = make("dialog", { "aria-labelledby": "dialog-title", class: wide ? "wide" : "" }, form);
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); finish(null); });
    dialog.choose = press; // for buttons in the body
    document.body.append(dialog);
    dialog.showModal();
    const first = dialog.querySelector("[autofocus]") ?? made[0];
    first?.focus();
    if (first?.type === "text") first.setSelectionRange(0, first.value.replace(/\.\w+$/, "").length);
  });
}
