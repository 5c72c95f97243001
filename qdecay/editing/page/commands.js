// Buttons, keys and tabs, and what each of them does.

/**
 * Connect them with their actions.
 * @param store the forms, of which tabs show one
 * @param actions by the names that buttons have in `data-action`; undo and redo are told whether by a key
 */
export function connect(store, actions) {
  for (const button of document.querySelectorAll("[data-action]")) button.addEventListener("click", () => actions[button.dataset.action](false));
  document.addEventListener("keydown", (event) => pressed(event, actions));
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const show = (tab) => store.show(tab.id.replace("tab-", ""));
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => show(tab));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = tabs[(to + tabs.length) % tabs.length];
      next.focus();
      show(next);
    });
  });
}

function pressed(event, actions) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  const name = { s: event.shiftKey ? "save-as" : "save", o: "open", z: event.shiftKey ? "redo" : "undo", y: "redo" }[key];
  if (!name) return;
  const isAsking = document.querySelector("dialog[open]");
  if (isAsking && (key === "z" || key === "y")) return; // of the text in the dialog
  event.preventDefault(); // the browser would save and open pages
  if (!isAsking) actions[name](true);
}
