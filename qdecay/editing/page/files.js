// Files: examples, opening, saving, and the page to hand out.

import { ask, parseExactly, Refused } from "./api.js";
import { question } from "./dialogs.js";
import { labelled, make } from "./dom.js";
import { compiled, KINDS, WORDS } from "./kinds.js";

const SCHEMAS = { "qdecay.layout/1": "chain", "qdecay.grid/1": "grid", "qdecay.mdp/1": "model" };

export class Files {
  /**
   * @param store the forms
   * @param records of each file's name: its `version`, and the `text` of the document in it
   * @param presets the examples
   * @param folder its path
   * @param told is called with a line that says what was done, and "good" or "bad"
   */
  constructor(store, { records, presets, folder, told }) {
    Object.assign(this, { store, records, presets, folder, told });
    this.pristine = new Set();
    for (const { kind, document } of presets) this.#isPristine(kind, KINDS[kind].fromDocument(document));
    for (const kind of Object.keys(KINDS)) this.#isPristine(kind, KINDS[kind].blank());
  }

  #isPristine(kind, form) { this.pristine.add(compiled(kind, form).text); }

  get name() { return this.store.state.names[this.store.state.kind]; }

  /** Whether a form has something that no file has. */
  isUnsaved(kind) {
    const { forms, names } = this.store.state;
    const { text } = compiled(kind, forms[kind]);
    return names[kind] ? this.records.get(names[kind])?.text !== text : !this.pristine.has(text);
  }

  /** Run something that may be refused, and say so in a line. */
  async #trying(work) {
    try {
      return await work();
    } catch (error) {
      this.told(error instanceof Refused ? error.message : "The server does not answer: nothing was saved.", "bad");
      return null;
    }
  }

  /** Put a document into its form; false where the reader thought better of it. */
  async #put(kind, document, name, isSure = false) {
    let form;
    try {
      form = KINDS[kind].fromDocument(document);
    } catch {
      this.told(`${name ?? "The file"} is not laid out as its schema says.`, "bad");
      return false;
    }
    if (!isSure && !(await this.#mayReplace(kind))) return false;
    const { forms, names } = this.store.state;
    this.store.replace({ kind, forms: { ...forms, [kind]: form }, names: { ...names, [kind]: name } });
    return true;
  }

  /** Whether the form of a kind may be replaced: asks where it has something that no file has. */
  async #mayReplace(kind) {
    if (!this.isUnsaved(kind)) return true;
    const text = `Your ${WORDS[kind]} ${this.store.state.names[kind] ?? ""} has changes that are in no file.`.replace("  ", " ");
    const answer = await question({ title: "Save your changes first?", body: [make("p", {}, text)],
      buttons: [{ label: "Save", value: "save", kind: "main" }, { label: "Go on without saving", value: "drop" }] });
    if (answer !== "save") return answer === "drop";
    if (this.store.state.kind !== kind) this.store.show(kind);
    return this.save();
  }

  async blank() {
    const { kind, forms, names } = this.store.state;
    if (!(await this.#mayReplace(kind))) return;
    this.store.replace({ kind, forms: { ...forms, [kind]: KINDS[kind].blank() }, names: { ...names, [kind]: null } });
    document.querySelector({ chain: "#branches textarea", grid: "#board [tabindex='0']", model: "#moves input" }[kind]).focus();
  }

  // ---- opening

  async open() {
    const state = await this.#trying(() => ask("state"));
    const found = state?.files ?? [];
    const item = (label, small, value) => make("li", {}, make("button", { type: "button", onclick: (event) => event.target.closest("dialog").choose(value) }, make("span", {}, label), make("small", {}, small)));
    const list = (items, none) => (items.length ? make("ul", { class: "choices" }, ...items) : make("p", { class: "note" }, none));
    const chooser = make("input", { type: "file", accept: ".json,application/json", "aria-label": "A file of this computer", onchange: (event) => event.target.closest("dialog").choose({ file: event.target.files[0] }) });
    const answer = await question({ title: "Open", wide: true, body: [
      make("h3", {}, "In your folder"), make("p", { class: "note" }, make("code", {}, this.folder)),
      list(found.map(({ name, kind }) => item(name, WORDS[kind], { name, kind })), "No chains, grids or models yet."),
      make("h3", {}, "Examples"), list(this.presets.map((preset) => item(preset.title, WORDS[preset.kind], { preset }))),
      make("h3", {}, "From elsewhere"), chooser] });
    if (answer?.name) await this.#openNamed(answer.name, answer.kind);
    else if (answer?.preset) await this.#put(answer.preset.kind, answer.preset.document, null);
    else if (answer?.file) await this.#openLocal(answer.file);
  }

  /** Open a file of the folder; of its kind, unless that is null, the form may hold unsaved changes. */
  async #openNamed(name, kind) {
    if (kind && !(await this.#mayReplace(kind))) return; // before it is read, as what is saved may be this file
    const opened = await this.#trying(() => ask("open", { name }));
    const isSure = !kind || opened?.kind === kind;
    if (!opened || !(await this.#put(opened.kind, opened.document, name, isSure))) return;
    const { text } = compiled(opened.kind, this.store.form);
    this.records.set(name, { version: opened.version, text });
    this.store.rename(name); // whose record is new
    this.told(`Opened ${name}.`, "good");
  }

  async #openLocal(file) {
    let document;
    try {
      document = parseExactly(await file.text());
    } catch {
      return this.told(`${file.name} is not JSON.`, "bad");
    }
    const kind = SCHEMAS[document?.schema];
    if (!kind) return this.told(`${file.name} is no chain, grid or model of qdecay.`, "bad");
    if (await this.#put(kind, document, null)) this.told(`Opened ${file.name}. Saving puts it into your folder.`, "good");
    return undefined;
  }

  // ---- saving

  /** Save under the name that it has; true where it was saved. */
  save() { return this.name ? this.#write(this.name, this.records.get(this.name)?.version ?? null, "own") : this.saveAs(); }

  /** Save under a name that is asked for; again, where the one that was `tried` is `wrong`. */
  async saveAs({ tried = this.name ?? `${this.store.state.kind}.json`, as = "own", wrong = "" } = {}) {
    const { kind } = this.store.state;
    const field = make("input", { type: "text", value: tried, autocomplete: "off", spellcheck: "false", autofocus: true });
    const radio = (value, text, hint) => make("label", { class: "choice" }, make("input", { type: "radio", name: "save-as", value, checked: value === as }), make("span", {}, text, make("small", {}, hint)));
    const forms = kind === "model" ? [] : [make("fieldset", {}, make("legend", {}, "As"),
      radio("own", `a ${WORDS[kind]}`, "opens here again as you see it"), radio("mdp", "a model", "a table of transitions, qdecay.mdp/1, for other programs"))];
    const answer = await question({ title: "Save as", wrong, body: [labelled("Name of the file", field, "in your folder"), ...forms],
      buttons: [{ label: "Save", value: "save", kind: "main" }], check: () => (field.value.trim() ? "" : "Give it a name.") });
    if (!answer) return false;
    const chosen = forms[0]?.querySelector("input:checked").value ?? "own";
    return this.#write(withEnding(field.value, ".json"), null, chosen);
  }

  /** Write a file; where it exists or has changed since, ask. */
  async #write(name, version, as) {
    const { kind } = this.store.state, { text, document, problem } = compiled(kind, this.store.form);
    if (problem) {
      this.told(`Not saved: ${problem.message}`, "bad");
      return false;
    }
    try {
      const saved = await ask("save", { name, document, version, as });
      if (as === "own") {
        this.records.set(name, { version: saved.version, text });
        this.store.rename(name);
      }
      this.told(`Saved ${name}${as === "mdp" ? " as a model" : ""}.`, "good");
      return true;
    } catch (error) {
      if ([409, 410].includes(error.status)) return this.#conflict(name, version, as, error.status === 409);
      if (error.where === "name") return this.saveAs({ tried: name, as, wrong: error.message });
      this.told(error instanceof Refused ? `Not saved: ${KINDS[kind].reword(error.message, this.store.form)}` : "The server does not answer: nothing was saved.", "bad");
      return false;
    }
  }

  async #conflict(name, version, as, isHere) {
    const isNew = version === null;
    const answer = await question({
      title: isNew ? `${name} exists already` : isHere ? `${name} has changed on disk` : `${name} is gone`,
      body: [make("p", {}, isNew ? "Another file of your folder has this name." : isHere ? "Something else has written to this file since you opened or saved it." : "Something else has renamed or removed this file since you opened or saved it.")],
      buttons: [{ label: "Save under another name", value: "other", kind: "main" }, { label: isHere ? "Replace what is there" : "Save it again", value: "replace" },
        ...(isHere ? [{ label: isNew ? "Open what is there" : "Open what is on disk", value: "open" }] : [])],
    });
    if (answer === "other") return this.saveAs();
    if (answer === "open") await this.#openNamed(name, null); // undo brings back what was here
    if (answer !== "replace") return false;
    const present = isHere ? await this.#trying(() => ask("open", { name })) : { version: null };
    return present ? this.#write(name, present.version, as) : false;
  }

  /** Write the page that is shown as a file to hand out. */
  async exportPage({ tried = `${(this.name ?? this.store.state.kind).replace(/\.json$/, "")}.html`, wrong = "" } = {}) {
    const { kind } = this.store.state, { document, isEmpty, problem } = compiled(kind, this.store.form);
    if (isEmpty || problem) return this.told(isEmpty ? "There is nothing to export yet." : `Not exported: ${problem.message}`, "bad");
    const field = make("input", { type: "text", value: tried, autocomplete: "off", spellcheck: "false", autofocus: true });
    const answer = await question({ title: "Export the page", wrong, body: [make("p", {}, "One file that opens from disk, in any browser, without a network."), labelled("Name of the page", field, "in your folder")],
      buttons: [{ label: "Export", value: "export", kind: "main" }], check: () => (field.value.trim() ? "" : "Give it a name.") });
    return answer ? this.#exportTo(withEnding(field.value, ".html"), document, false) : undefined;
  }

  async #exportTo(name, document, replace) {
    try {
      this.told(`Exporting ${name}…`, "good");
      const { path } = await ask("export", { name, document, replace });
      this.told(`Exported ${path}`, "good");
    } catch (error) {
      if (error instanceof Refused && error.status === 409) {
        const answer = await question({ title: `${name} exists already`, body: [make("p", {}, "Replace the page that is there?")], buttons: [{ label: "Replace it", value: true, kind: "main" }] });
        return answer ? this.#exportTo(name, document, true) : this.told("Not exported.", "bad");
      }
      if (error.where === "name") return this.exportPage({ tried: name, wrong: error.message });
      const { kind } = this.store.state;
      this.told(error instanceof Refused ? `Not exported: ${KINDS[kind].reword(error.message, this.store.form)}` : "The server does not answer: nothing was exported.", "bad");
    }
    return undefined;
  }

  /** Give the document to the browser to keep, which needs no server. */
  download() {
    const { kind } = this.store.state, { document: found } = compiled(kind, this.store.form);
    const address = URL.createObjectURL(new Blob([`${JSON.stringify(found)}\n`], { type: "application/json" }));
    make("a", { href: address, download: this.name ?? `${kind}.json` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
}

function withEnding(name, ending) {
  const clean = name.trim();
  return clean.toLowerCase().endsWith(ending) ? clean : `${clean}${ending}`;
}
