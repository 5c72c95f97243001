// Chains: streams of rewards to choose between.

import { byId, labelled, make, reconcile, say, setValue } from "./dom.js";
import { CALM } from "./problems.js";
import { decimalCommas, inWords, isNumber, isZero, MOST_REWARDS, readRuns, rewardsOf, writeRewards } from "./streams.js";

const SCHEMA = "qdecay.layout/1";
const MOST_BEADS = 14;

/** A choice to be typed: that it has no rewards is no mistake yet. */
const untyped = (name) => ({ name, text: "", isNew: true });

export const blank = () => ({ branches: [untyped("stay"), untyped("move")], ending: "terminate" });

/** The form of a document, qdecay.layout/1. */
export function fromDocument({ near, far, branches = [near, far], ending = "terminate" }) {
  return { branches: branches.map(([name, rewards]) => ({ name: String(name), text: writeRewards(rewards) })), ending };
}

/**
 * The document of a form, and what is wrong with it as far as the page can tell. Choices at the end that
 * have no rewards are not needed: the others are solved `without` them.
 */
export function compile({ branches, ending }) {
  const read = branches.map(({ text }) => readRuns(text));
  const isTyped = read.map(({ runs }) => runs.length > 0);
  const needed = Math.max(2, isTyped.lastIndexOf(true) + 1);
  const isEmpty = !isTyped.includes(true) || branches.slice(0, needed).some(({ isNew }, i) => isNew && !isTyped[i]);
  let room = MOST_REWARDS;
  const long = read.findIndex(({ count }) => (room -= count) < 0);
  const nameless = branches.findIndex(({ name }) => !name.trim());
  const tooLong = long >= 0 && { where: `branches[${long}].rewards`, message: `these are more than ${MOST_REWARDS.toLocaleString("en")} rewards in all: shorten it` };
  const problem = tooLong || (nameless >= 0 && { where: `branches[${nameless}].name`, message: "give this choice a name" }) || null;
  const document = { schema: SCHEMA, branches: branches.map(({ name }, i) => [name, rewardsOf(read[i].runs, long >= 0)]), ending };
  const left = branches.findIndex(({ isNew }, i) => i >= needed && !isNew);
  const without = needed < branches.length && {
    document: { ...document, branches: document.branches.slice(0, needed) }, names: branches.slice(needed).map(({ name }) => name),
    problem: left < 0 ? null : { where: `branches[${left}].rewards`, message: "this choice has no reward: type one, such as 0, or remove the choice" },
  };
  return { isEmpty, document, problem, without: without || null };
}

/** The place in the form of a place in the document. */
export const locate = (where) => where.replace(/^near\b/, "branches[0]").replace(/^far\b/, "branches[1]");

/** A message of the library, which counts from 0 and calls a choice a branch, in the words of the form. */
export const reword = (message) =>
  message.replace(/^(the name of )?branch (\d+)\b/, (_, part = "", number) => `${part}choice ${Number(number) + 1}`)
    .replace(/^reward (\d+) of branch\b/, (_, number) => `reward ${Number(number) + 1} of choice`)
    .replace(/^branch (?=['"])/, "choice ").replace(/^two branches\b/, "two choices").replace(/, such as \[0\]$/, ", such as 0");

/** A stream drawn as beads on a string: where the rewards lie in time. */
function beads(runs) {
  const made = [];
  for (const { text, count } of runs) {
    if (made.length >= MOST_BEADS) return [...made, make("i", { class: "more" }, "…")];
    const zero = isZero(text), look = isNumber(text) ? "paid" : "half";
    if (count > 4) made.push(make("i", { class: zero ? "many" : `many ${look}` }, `${text} × ${count.toLocaleString("en")}`));
    else for (let i = 0; i < count; i += 1) made.push(make("i", { class: zero ? "none" : look }, zero ? "" : text));
  }
  return made;
}

/** Show the form of chains in its panel. */
export function chainView(store) {
  const list = byId("branches");

  function changeBranch(index, part, value) {
    const branches = store.form.branches.map((branch, i) => (i === index ? { ...branch, [part]: value, isNew: branch.isNew && part !== "text" } : branch));
    const spot = `branches[${index}].${part === "text" ? "rewards" : part}`;
    store.change({ ...store.form, branches }, spot, spot);
  }

  function add() {
    const { branches } = store.form;
    let number = branches.length + 1;
    while (branches.some(({ name }) => name === `choice ${number}`)) number += 1;
    store.change({ ...store.form, branches: [...branches, untyped(`choice ${number}`)] }, `branches[${branches.length}].name`);
    const field = list.lastElementChild.querySelector("input");
    field.focus();
    field.select();
  }

  function remove(index) {
    const { branches } = store.form;
    if (branches.length <= 2) return;
    say(`Removed ${branches[index].name}`);
    store.change({ ...store.form, branches: branches.filter((_, i) => i !== index) }, `branches[${Math.max(0, index - 1)}].name`);
    const next = list.children[Math.min(index, list.children.length - 1)];
    (next.querySelector(".remove:not([hidden])") ?? next.querySelector("input")).focus();
  }

  /** A new choice that was left without rewards was forgotten: but not at once, as a press may come next. */
  function leave(row, index) {
    setTimeout(() => {
      const branch = store.form.branches?.[index];
      if (!branch?.isNew || !row.isConnected || row.contains(document.activeElement)) return;
      store.amend({ ...store.form, branches: store.form.branches.map((each) => (each === branch ? { ...branch, isNew: false } : each)) });
    }, CALM);
  }

  function create(index) {
    const name = make("input", { class: "name", type: "text", autocomplete: "off", "data-spot": `branches[${index}].name`, oninput: () => changeBranch(index, "name", name.value) });
    const rewards = make("textarea", { class: "rewards", rows: 1, spellcheck: "false", autocomplete: "off", inputmode: "text", "aria-describedby": `words-${index}`, "data-spot": `branches[${index}].rewards`,
      placeholder: index ? "0, 0, 4" : "1", oninput: () => changeBranch(index, "text", rewards.value) });
    rewards.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); }); // one line, that may be long
    return make("fieldset", { class: "branch field", "data-spot": `branches[${index}]`, onfocusout: (event) => leave(event.currentTarget, index) },
      make("legend", { class: "unseen" }),
      make("div", { class: "line" }, labelled("Name", name), labelled("Rewards, step by step", rewards),
        make("button", { type: "button", class: "remove quiet", onclick: () => remove(index) }, "✕")),
      make("div", { class: "beads", "aria-hidden": "true" }),
      make("p", { class: "words", id: `words-${index}` }),
      make("p", { class: "error", hidden: true }));
  }

  function show(row, { name, text, isNew }, index) {
    const { runs, count } = readRuns(text);
    const decimals = decimalCommas(text);
    row.style.setProperty("--one", `var(--action${index % 7})`);
    row.querySelector("legend").textContent = `Choice ${index + 1}`;
    setValue(row.querySelector(".name"), name);
    setValue(row.querySelector(".rewards"), text);
    row.querySelector(".beads").replaceChildren(...beads(runs));
    row.querySelector(".words").replaceChildren(isNew ? "Type its rewards, such as 0, 0, 4." : `${inWords(runs)}${count > 4 ? ` · ${count.toLocaleString("en")} rewards` : ""}`,
      ...(decimals ? [make("strong", {}, decimals)] : []));
    const remover = row.querySelector(".remove");
    remover.setAttribute("aria-label", `Remove ${name || `choice ${index + 1}`}`);
    remover.hidden = store.form.branches.length <= 2;
  }

  byId("add-branch").addEventListener("click", add);
  for (const radio of document.querySelectorAll("input[name=ending]")) {
    radio.addEventListener("change", () => store.change({ ...store.form, ending: radio.value }, "ending"));
  }
  return (form) => {
    reconcile(list, form.branches, create, show);
    for (const radio of document.querySelectorAll("input[name=ending]")) radio.checked = radio.value === form.ending;
  };
}
