// The three forms, and every earlier state of them: all that undo and redo need.
//
// A state is never changed, only replaced:
// { kind, forms: { chain, grid, model }, names: { chain, grid, model } }, where a name is that of the
// file in which a form is saved, or null.

const MOST = 300;
const PAUSE = 1200; // milliseconds: keys without a longer pause between them are undone together

export class Store {
  /** `listen` is called with the state after each change. */
  constructor(state, listen) {
    Object.assign(this, { state, listen, past: [], future: [], last: { key: null, time: 0 } });
  }

  get form() { return this.state.forms[this.state.kind]; }

  /**
   * Replace the form that is shown.
   * @param form the new one
   * @param spot the field that changed, to which undo and redo lead
   * @param key changes of one key in quick succession are one step; null is a step of its own
   */
  change(form, spot, key = null) {
    const { kind, forms } = this.state;
    this.replace({ ...this.state, forms: { ...forms, [kind]: form } }, spot, key);
  }

  /** Replace the form that is shown with one that says the same: no step to undo. */
  amend(form) {
    const { kind, forms } = this.state;
    this.state = { ...this.state, forms: { ...forms, [kind]: form } };
    this.listen(this.state);
  }

  /** Replace the whole state, as opening a file does. */
  replace(state, spot = null, key = null) {
    const now = Date.now();
    if (key === null || key !== this.last.key || now - this.last.time > PAUSE || !this.past.length) {
      this.past.push({ state: this.state, spot });
      if (this.past.length > MOST) this.past.shift();
    }
    this.last = { key, time: now };
    this.future = [];
    this.state = state;
    this.listen(state);
  }

  /** Show another form; going there is no step, and undo goes back to the form that it changes. */
  show(kind) {
    this.last.key = null;
    this.state = { ...this.state, kind };
    this.listen(this.state);
  }

  /** Say in which file the shown form is; that of steps since it had another name is the same file. */
  rename(name) {
    const { kind } = this.state, old = this.state.names[kind];
    const renamed = (state) => ({ ...state, names: { ...state.names, [kind]: name } });
    for (const steps of [this.past, this.future]) {
      for (let i = steps.length - 1; i >= 0 && steps[i].state.names[kind] === old; i -= 1) steps[i] = { ...steps[i], state: renamed(steps[i].state) };
    }
    this.last.key = null;
    this.state = renamed(this.state);
    this.listen(this.state);
  }

  /** Return the field that undo changed, or undefined where nothing is left to undo. */
  undo() { return this.#step(this.past, this.future); }

  redo() { return this.#step(this.future, this.past); }

  #step(from, to) {
    const step = from.pop();
    if (!step) return undefined;
    to.push({ state: { ...this.state, kind: this.#changed(step.state) }, spot: step.spot });
    this.last.key = null;
    this.state = { ...step.state, kind: this.#changed(step.state) };
    this.listen(this.state);
    return step.spot;
  }

  /** The kind whose form differs: it is shown, so that nobody misses what was undone. */
  #changed(state) {
    return Object.keys(state.forms).find((kind) => state.forms[kind] !== this.state.forms[kind]) ?? state.kind;
  }
}
