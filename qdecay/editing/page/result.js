// The result: the very page that `qdecay report` writes, made anew after each change.
//
// A page is shown as current only while the document that it was made of is the one in the form;
// else it is marked as that of an earlier state, or hidden where there is none.

import { ask, Gone } from "./api.js";
import { byId, make, say } from "./dom.js";

const PAUSE = 150; // milliseconds without a key
const SLOW = 500; // from then on it says that it is working
const AGAIN = 1000; // where the server had something else to do
const PATIENCE = 3000; // for the page to say that it is drawn

/** A closed form such as 6^(-1/3) or sqrt(2)/2, with its exponent raised and its root as a sign. */
function typeset(text) {
  const parts = text.replace(/sqrt\((\d+)\)/g, "√$1").replaceAll("-", "\u2212").split(/\^\(([^()]+)\)|\^(\d+)/);
  return parts.flatMap((part, i) => (part ? [i % 3 ? make("sup", {}, part) : part] : []));
}

export class Result {
  /**
   * @param tell is `showProblem`, with a place in the document
   * @param reword puts a message into the words of the form
   * @param lost is called where the server does not answer
   */
  constructor({ tell, reword, lost }) {
    Object.assign(this, { tell, reword, lost, shown: new Map(), number: 0, timer: 0, slow: 0, abort: null, isOwn: false });
    this.page = crypto.randomUUID();
    this.places = new Map(); // where the reader is in the page of each kind
    addEventListener("message", ({ data, source }) => {
      if (data?.qdecay !== "here") return;
      for (const entry of this.shown.values()) if (entry.frame.contentWindow === source) this.places.set(entry.kind, data);
    });
  }

  /** Show the result of what is in the form. */
  request({ kind, title, isEmpty, document: whole, problem, without = null }) {
    const wanted = without?.document ?? whole, text = JSON.stringify(wanted), lacking = without?.problem ?? null;
    const number = (this.number += 1);
    clearTimeout(this.timer);
    this.abort?.abort();
    for (const [other, { frame }] of this.shown) frame.hidden = other !== kind;
    const shown = this.shown.get(kind);
    if (isEmpty) return this.#mark("empty", kind, null);
    const wasOwn = this.isOwn;
    this.isOwn = Boolean(problem ?? lacking); // found by the page, which sees at once that it is gone
    if (problem) return this.#mark("stale", kind, problem);
    this.left = { names: without?.names ?? [], lacking };
    if (shown?.text === text && shown.title === title) return this.#mark("current", kind, lacking);
    this.#mark("working", kind, lacking ?? (wasOwn ? null : undefined));
    this.timer = setTimeout(() => this.#solve({ number, kind, title, text, wanted }), shown ? PAUSE : 0);
    return undefined;
  }

  async #solve({ number, kind, title, text, wanted }) {
    this.abort = new AbortController();
    const isNewest = () => number === this.number;
    try {
      const answer = await ask("solve", { document: wanted, name: title, gamma: "", page: this.page }, this.abort.signal);
      if (!isNewest()) return;
      const frame = await this.#drawn(answer.result, kind, title);
      if (!isNewest()) return frame.remove();
      this.shown.get(kind)?.frame.remove();
      frame.classList.remove("coming");
      this.shown.set(kind, { kind, frame, text, title, summary: answer.summary });
      this.#mark("current", kind, this.left.lacking);
    } catch (error) {
      if (error.name === "AbortError" || !isNewest()) return;
      if (error instanceof Gone) {
        this.lost();
        this.#mark("stale", kind, undefined);
      } else if ([409, 503].includes(error.status)) { // another page's turn
        this.timer = setTimeout(() => this.#solve({ number, kind, title, text, wanted }), AGAIN);
      } else this.#mark("stale", kind, error);
    }
  }

  /** Return a frame with a page, once that is drawn where the reader was in the one before. */
  #drawn(result, kind, title) {
    const place = this.places.get(kind);
    const frame = make("iframe", { class: "coming", src: `result/${result}${place?.address ?? ""}`, sandbox: "allow-scripts allow-downloads", title: `Result: ${title || kind}` });
    return new Promise((resolve) => {
      const done = ({ data, source }) => {
        if (data !== null && (source !== frame.contentWindow || data?.qdecay !== "here")) return;
        removeEventListener("message", done);
        resolve(frame);
      };
      addEventListener("message", done);
      frame.addEventListener("load", () => frame.contentWindow?.postMessage({ qdecay: "follow", scroll: place?.scroll ?? 0 }, "*"));
      setTimeout(() => done({ data: null }), PATIENCE);
      byId("frames").append(frame);
    });
  }

  /** Mark what is shown; a problem of undefined leaves the one that is told. */
  #mark(state, kind, found) {
    const problem = found && { where: found.where, isMissing: found.isMissing, message: this.reword(found.message) };
    const area = byId("result"), shown = this.shown.get(kind);
    clearTimeout(this.slow);
    const isTold = this.tell(problem);
    area.dataset.shows = state === "empty" ? "nothing" : shown ? "page" : "nothing";
    if (state === "working") {
      area.dataset.state = shown ? "changing" : "working";
      this.slow = setTimeout(() => { area.dataset.state = "working"; this.#sentence("working", shown, null); }, SLOW);
      area.setAttribute("aria-busy", "true");
      return;
    }
    area.removeAttribute("aria-busy");
    area.dataset.state = state;
    this.#sentence(state, shown, problem);
    byId("why").textContent = isTold ? "" : problem?.message ?? (state === "stale" ? "The server does not answer." : "");
  }

  #sentence(state, shown, problem) {
    const verdict = byId("verdict"), aside = byId("aside");
    aside.textContent = "";
    if (state === "empty") verdict.textContent = "Nothing to solve yet";
    else if (state === "working") verdict.textContent = "Solving…";
    else if (state === "stale") verdict.textContent = shown ? "Not up to date" : "No result yet";
    else verdict.replaceChildren(...this.#found(shown.summary));
    if (state === "working" && shown) aside.textContent = "below: before your last change";
    if (state === "stale" && shown) aside.textContent = "below: the last state that could be solved";
    if (state === "stale" && problem) say(`Not up to date: ${problem.message}`, 900);
    else if (state === "current") say(problem?.message ?? verdict.textContent, 900);
  }

  /** The break-even gammas in a line. */
  #found({ break_evens: points, states, breakpoints }) {
    const { names } = this.left;
    byId("aside").textContent = `exact · ${states.toLocaleString("en")} state${states === 1 ? "" : "s"}${names.length ? ` · without ${names.join(", ")}` : ""}`;
    if (!points.length && !breakpoints) return ["No γ changes what is best"];
    if (!points.length) return [`The best first action is the same at every γ; elsewhere it changes ${breakpoints === 1 ? "once" : `${breakpoints} times`}`];
    const told = points.slice(0, 3).flatMap(({ gamma, closed_form: form }, i) => [i ? ", " : "", make("b", {}, ...typeset(form && form.length <= 18 ? form : gamma))]);
    const more = points.length > 3 ? [` and ${points.length - 3} more`] : [];
    return [`The best first choice changes at γ = `, ...told, ...more];
  }
}
