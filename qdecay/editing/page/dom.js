// Elements made of attributes and text. Nothing is ever parsed as HTML: names come from users.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "selected", "tabIndex", "textContent"]);

/** Make an element; `onclick` and its like are listeners, what is null or false is left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Write a field's text, but not the one that is there: that would move the caret. */
export function setValue(field, text) {
  if (field.value !== text) field.value = text;
}

/** Make the children of a parent as many as the items, and show each item in its child. */
export function reconcile(parent, items, create, show) {
  while (parent.children.length > items.length) parent.lastElementChild.remove();
  items.forEach((item, index) => {
    if (!parent.children[index]) parent.append(create(index));
    show(parent.children[index], item, index);
  });
}

/** A label with its field: the one look of all of them. */
export function labelled(text, field, hint = null) {
  return make("label", { class: "labelled" }, make("span", { class: "caption" }, text), field, hint && make("small", {}, hint));
}

/** The options of a select, [value, text] each; the chosen one stays chosen. */
export function setOptions(select, options, chosen) {
  const text = JSON.stringify(options);
  if (select.dataset.options !== text) {
    select.replaceChildren(...options.map(([value, label]) => make("option", { value }, label)));
    select.dataset.options = text;
  }
  setValue(select, chosen);
}

let saying = 0;
/** Say something to a screen reader, once the keys are quiet. */
export function say(text, wait = 0) {
  clearTimeout(saying);
  saying = setTimeout(() => { byId("spoken").textContent = text; }, wait);
}
