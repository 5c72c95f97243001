// The draft: what is in the forms goes to the server at once, and outlives it.

import { ask, Gone, Refused } from "./api.js";

const AGAIN = 2000; // milliseconds until a server that is gone, or that could not store it, is asked again

export class Drafts {
  /**
   * @param revision of the draft that the page began with, or null
   * @param told is called with "stored", "gone", "clash" or "refused", and the error
   */
  constructor(revision, told) {
    Object.assign(this, { revision, told, wanted: null, isBusy: false, state: "stored", timer: 0 });
  }

  /** Whether all that was typed is with the server. */
  get isStored() { return this.state === "stored" && !this.wanted && !this.isBusy; }

  /** Store a draft as soon as the one before is stored; only the newest waits. */
  store(draft) {
    this.wanted = draft;
    if (this.state === "stored" || this.state === "refused") this.#send();
  }

  /** Somebody else found that the server does not answer. */
  lost() {
    if (this.state !== "stored") return;
    this.#become("gone");
    this.#retry();
  }

  /**
   * Of two pages that changed the draft, keep this one's, or take the other's.
   * @returns what the server has; null where it does not answer
   */
  async settle(keepsMine) {
    try {
      const found = await ask("state");
      this.revision = found.revision;
      if (!keepsMine) this.wanted = null;
      this.#become("stored");
      this.#send();
      return found;
    } catch (error) {
      this.#failed(error);
      return null;
    }
  }

  async #send() {
    if (this.isBusy) return;
    this.isBusy = true;
    while (this.wanted) {
      const draft = this.wanted;
      this.wanted = null;
      try {
        this.revision = (await ask("draft", { ...draft, base: this.revision })).revision;
        this.#become("stored");
      } catch (error) {
        this.wanted ??= draft;
        this.isBusy = false;
        return this.#failed(error);
      }
    }
    this.isBusy = false;
    this.told("stored", null);
    return undefined;
  }

  #failed(error) {
    if (error instanceof Refused && error.status === 409) return this.#become("clash", error);
    // 403 and 404: there is a server, but with another token, so it is not this page's.
    if (error instanceof Refused && ![403, 404].includes(error.status)) this.#become("refused", error);
    else this.#become("gone", error);
    return this.#retry();
  }

  #retry() {
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      if (this.wanted) return this.#send();
      try {
        await ask("state");
        this.#become("stored");
        this.told("stored", null);
      } catch {
        this.#retry();
      }
      return undefined;
    }, AGAIN);
  }

  #become(state, error = null) {
    if (this.state === state) return;
    this.state = state;
    this.told(state, error);
  }
}
