// The editor: three forms on the left, and on the right the page that qdecay writes of them.

import { ask } from "./api.js";
import { chainView } from "./chain.js";
import { connect } from "./commands.js";
import { byId, say } from "./dom.js";
import { Drafts } from "./drafts.js";
import { Files } from "./files.js";
import { gridView } from "./grid.js";
import { compiled, isForm, KINDS } from "./kinds.js";
import { modelView } from "./model.js";
import { fieldOf, showProblem } from "./problems.js";
import { Result } from "./result.js";
import { Store } from "./store.js";

const kinds = Object.keys(KINDS);

/** What was there before, or an example of each kind. */
function beginning({ draft, presets }) {
  const state = { kind: draft?.kind ?? "chain", forms: {}, names: {} }, records = new Map();
  for (const kind of kinds) {
    const kept = draft?.documents[kind];
    const isKept = isForm(kind, kept?.form);
    const preset = presets.find((each) => each.kind === kind);
    state.forms[kind] = isKept ? kept.form : preset ? KINDS[kind].fromDocument(preset.document) : KINDS[kind].blank();
    state.names[kind] = (isKept && kept.name) || null;
    if (state.names[kind]) records.set(kept.name, { version: kept.version, text: kept.isUnsaved ? null : compiled(kind, kept.form).text });
  }
  return { state, records };
}

function editor(opened) {
  const { state, records } = beginning(opened);
  const store = new Store(state, changed);
  const drafts = new Drafts(opened.revision, toldOfDraft);
  const reword = (message) => KINDS[store.state.kind].reword(message, store.form);
  const result = new Result({ tell: tellProblem, reword, lost: () => drafts.lost() });
  if (opened.draft?.gamma) result.places.set(state.kind, { address: opened.draft.gamma, scroll: 0 });
  const files = new Files(store, { records, presets: opened.presets, folder: opened.folder, told: notice });
  const views = { chain: chainView(store), grid: gridView(store), model: modelView(store) };
  byId("folder").textContent = opened.folder;
  for (const place of document.querySelectorAll(".command")) place.textContent = `qdecay edit ${/^[\w./~-]+$/.test(opened.folder) ? opened.folder : `"${opened.folder}"`}`;

  function draft() {
    const { kind, forms, names } = store.state;
    const record = (name) => records.get(name)?.version ?? null;
    const documents = Object.fromEntries(kinds.map((each) => [each, { form: forms[each], name: names[each], version: record(names[each]), isUnsaved: files.isUnsaved(each) }]));
    return { kind, documents, file: names[kind], version: record(names[kind]), gamma: result.places.get(kind)?.address ?? "" };
  }

  function show() {
    const { kind, names } = store.state, form = store.form;
    for (const each of kinds) {
      byId(`tab-${each}`).setAttribute("aria-selected", each === kind);
      byId(`tab-${each}`).tabIndex = each === kind ? 0 : -1;
      byId(`panel-${each}`).hidden = each !== kind;
      byId(`tab-${each}`).classList.toggle("unsaved", files.isUnsaved(each));
    }
    document.documentElement.dataset.kind = kind;
    views[kind](form);
    const isUnsaved = files.isUnsaved(kind), name = names[kind] ?? `new ${kind}`;
    byId("file").textContent = name;
    byId("file").title = name;
    byId("mark").textContent = isUnsaved ? "not saved" : names[kind] ? "saved" : "";
    byId("mark").className = isUnsaved ? "unsaved" : "";
    document.title = `${isUnsaved ? "● " : ""}${name} · qdecay editor`;
    byId("undo").disabled = !store.past.length;
    byId("redo").disabled = !store.future.length;
    result.request({ kind, title: names[kind]?.replace(/\.json$/, "") ?? "", ...compiled(kind, form) });
  }

  function changed() {
    show();
    drafts.store(draft());
  }

  function tellProblem(problem) {
    const { kind } = store.state;
    return showProblem(problem && { ...problem, where: problem.where && KINDS[kind].locate(problem.where, store.form) });
  }

  let leaving = 0;
  /** A line that says what was done or why not, for a while or until the next one. */
  function notice(text, kind) {
    byId("notice").className = kind;
    byId("notice-text").textContent = text;
    byId("notice").hidden = false;
    say(text);
    clearTimeout(leaving);
    leaving = setTimeout(() => { byId("notice").hidden = true; }, kind === "good" ? 8000 : 30000);
  }

  function toldOfDraft(what, error) {
    const wasGone = !byId("gone").hidden;
    byId("gone").hidden = what !== "gone";
    byId("clash").hidden = what !== "clash";
    byId("unkept").hidden = what !== "refused";
    if (what === "refused") byId("unkept-why").textContent = error.message;
    if (what === "stored" && wasGone) {
      notice("The server answers again; all that you typed is stored.", "good");
      show();
    }
  }

  /** Show what another page has typed, as a step that can be undone. */
  async function takeOther() {
    const found = await drafts.settle(false);
    if (!found) return;
    const other = beginning(found);
    for (const [name, record] of other.records) records.set(name, record);
    store.replace(other.state);
    notice("This is the other page's. Undo (Ctrl+Z) brings back what was here.", "good");
  }

  function step(direction, isByKey) {
    const before = store.state.kind, spot = store[direction]();
    if (spot === undefined) return;
    if (store.state.kind !== before) say(`${direction} in the ${store.state.kind}`);
    const field = isByKey && spot && fieldOf(spot);
    if (!field) return;
    field.focus();
    if (field.matches("input[type=text], textarea")) field.setSelectionRange(field.value.length, field.value.length);
  }

  connect(store, {
    new: () => files.blank(), open: () => files.open(), save: () => files.save(), "save-as": () => files.saveAs(), export: () => files.exportPage(), download: () => files.download(),
    undo: (isByKey) => step("undo", isByKey), redo: (isByKey) => step("redo", isByKey), "keep-mine": () => drafts.settle(true), "take-other": takeOther, "close-notice": () => { byId("notice").hidden = true; },
  });
  addEventListener("beforeunload", (event) => { if (!drafts.isStored) event.preventDefault(); });
  show();
  if (opened.notice) notice(opened.notice, "bad");
  document.documentElement.dataset.ready = "yes";
}

try {
  editor(await ask("state"));
} catch (error) {
  byId("gone").hidden = false;
  byId("gone-more").hidden = true;
  throw error;
}
