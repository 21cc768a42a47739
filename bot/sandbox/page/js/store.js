/** What this tab knows: the server's state for one person, where they look, and what they have typed so far. */
import { act, fetchState, listen, Refused } from "./api.js";
import { FormState } from "./formstate.js";
import { toast } from "./toast.js";

/** @typedef {{kind: "channel", id: string, thread: string}|{kind: "home"}} Place */

/** A release that the browser did not tell of ends the wait. */
const LONGEST_PRESS_MS = 5000;

class Store {
  constructor() {
    /** @type {import("./types.js").State|null} */
    this.state = null;
    this.user = "";
    this.live = true;
    /** @type {Place} */
    this.place = { kind: "channel", id: "", thread: "" };
    /** @type {Set<string>} */
    this.pending = new Set();
    /** @type {Map<string, FormState>} */
    this.forms = new Map();
    /** @type {Map<string, string>} unsent text by person and place */
    this.drafts = new Map();
    /** @type {Set<() => void>} */
    this.watchers = new Set();
    this.stop = () => {};
    this.fetching = false;
    this.again = false;
    this.pointerDown = false;
    this.owed = false;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.release = undefined;
    /** @type {Map<string, any>} users by id, channels by id */
    this.index = new Map();
    /** What every drawn text depends on besides itself: whom it is drawn for, and the names it may mention. */
    this.salt = "";
  }

  /** @param {() => void} watcher */
  watch(watcher) {
    this.watchers.add(watcher);
  }

  /** Draw everything anew, but never between a pointer's press and its release: the click would be lost. */
  draw() {
    if (this.pointerDown) {
      this.owed = true;
      return;
    }
    this.owed = false;
    for (const watcher of this.watchers) watcher();
  }

  /** @param {boolean} down */
  pointer(down) {
    this.pointerDown = down;
    clearTimeout(this.release);
    if (down) this.release = setTimeout(() => this.pointer(false), LONGEST_PRESS_MS);
    if (!down && this.owed) setTimeout(() => this.draw(), 0);
  }

  /** Become this person. @param {string} user an id, or "" for the first one */
  async become(user) {
    this.stop();
    this.state = null;
    this.forms.clear();
    this.user = user;
    await this.refresh();
    this.follow();
  }

  follow() {
    this.stop();
    this.stop = listen(
      this.user,
      (version) => this.noticed(version),
      (live) => this.connected(live),
    );
  }

  /** A tab that nobody sees holds no connection: a browser has only six for one address. @param {boolean} hidden */
  pause(hidden) {
    if (hidden) this.stop();
    else {
      this.follow();
      this.refresh();
    }
  }

  /** @param {number} version */
  noticed(version) {
    if (version !== this.state?.version) this.refresh();
  }

  /** @param {boolean} live */
  connected(live) {
    if (live === this.live) return;
    this.live = live;
    if (live) this.refresh();
    this.draw();
  }

  /** Fetch the state; calls during a fetch make exactly one more. */
  async refresh() {
    if (this.fetching) {
      this.again = true;
      return;
    }
    this.fetching = true;
    const asked = this.user;
    try {
      const state = await fetchState(asked);
      if (asked === this.user) this.accept(state);
    } catch (error) {
      this.live = false;
      if (!this.state && error instanceof Refused) toast(error.message, "error");
      this.draw();
    } finally {
      this.fetching = false;
    }
    if (this.again) {
      this.again = false;
      await this.refresh();
    }
  }

  /** @param {import("./types.js").State} state */
  accept(state) {
    this.state = state;
    if (!state.view) for (const key of this.forms.keys()) if (key.startsWith("view/")) this.forms.delete(key);
    this.user = typeof state.me === "string" ? state.me : /** @type {any} */ (state.me).id;
    this.index = new Map();
    for (const user of state.users) this.index.set(user.id, user);
    for (const channel of state.channels) this.index.set(channel.id, channel);
    for (const group of state.usergroups ?? []) this.index.set(group.id, group);
    const names = [state.users, state.channels, state.usergroups ?? []].map((all) =>
      all.map((one) => [one.id, one.name, /** @type {any} */ (one).real_name]),
    );
    this.salt = JSON.stringify([this.user, names]);
    this.draw();
  }

  get me() {
    return this.index.get(this.user);
  }

  /** @param {string} id @returns {import("./types.js").Channel|undefined} */
  channel(id) {
    return this.state?.channels.find((one) => one.id === id);
  }

  /** @param {string} key @returns {FormState} what was chosen and typed in one message or view */
  form(key) {
    let form = this.forms.get(key);
    if (!form) this.forms.set(key, (form = new FormState()));
    return form;
  }

  /**
   * Tell the server what the person did, showing `key` as pending until it answered; errors become toasts.
   * @param {string} kind @param {Record<string, any>} details @param {string} [key]
   * @returns {Promise<any|null>} null when it was refused; when the workspace left a notice about it, that is no refusal
   */
  async act(kind, details, key = "") {
    if (key) {
      this.pending.add(key);
      this.draw();
    }
    try {
      return await act(this.user, kind, details);
    } catch (error) {
      const words = error instanceof Refused ? error.message : String(error);
      await this.refresh();
      if (this.state?.notices?.some((one) => one.text === words)) return { ok: false };
      toast(words, "error");
      return null;
    } finally {
      if (key) this.pending.delete(key);
      await this.refresh();
      this.draw();
    }
  }
}

export const store = new Store();
