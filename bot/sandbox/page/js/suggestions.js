/** The list of suggestions above a message box. */
import { append, bdi, freshId, h } from "./dom.js";
import { icon } from "./icons.js";
import { avatar } from "./mentions.js";

/** @typedef {import("./completion.js").Completion} Completion */
/** @typedef {import("./completion.js").Suggestion} Suggestion */

export class Suggestions {
  /** @param {(item: Suggestion) => void} take */
  constructor(take) {
    this.take = take;
    /** @type {Completion|null} */
    this.offer = null;
    this.at = 0;
    this.moved = false;
    this.id = freshId("suggestions");
    this.node = h("div", {
      class: "suggestions",
      id: this.id,
      role: "listbox",
      "aria-label": "Suggestions",
      hidden: true,
    });
  }

  get items() {
    return this.offer?.items ?? [];
  }

  /** The id of the suggestion that would be taken, or "". */
  get active() {
    return this.items.length ? `${this.id}-${this.at}` : "";
  }

  /** @param {Completion|null} offer */
  show(offer) {
    this.offer = offer;
    this.at = 0;
    this.moved = false;
    this.node.hidden = !offer;
    this.node.replaceChildren();
    if (!offer) return;
    const title = offer.items.length ? offer.title : "Usage";
    append(this.node, [h("div", { class: "suggestions-title", "aria-hidden": "true" }, title)]);
    if (offer.usage) append(this.node, [h("div", { class: "usage" }, offer.usage)]);
    append(
      this.node,
      offer.items.map((item, index) => this.row(item, index)),
    );
    if (!offer.items.length) return;
    append(this.node, [keys()]);
    this.mark(0);
  }

  /** @param {Suggestion} item @param {number} index */
  row(item, index) {
    return h(
      "div",
      {
        class: "suggestion",
        role: "option",
        id: `${this.id}-${index}`,
        "aria-selected": "false",
        onmousedown: (/** @type {Event} */ event) => event.preventDefault(),
        onclick: () => this.take(item),
      },
      item.user ? avatar(item.user, 20) : item.sign ? icon(item.sign, 16) : null,
      h("span", { class: "suggestion-label" }, bdi(item.label)),
      item.usage ? h("span", { class: "suggestion-usage", dir: "auto" }, item.usage) : null,
      item.detail ? h("span", { class: "suggestion-detail", dir: "auto" }, item.detail) : null,
    );
  }

  /** @param {number} step */
  move(step) {
    this.moved = true;
    this.mark(this.at + step);
  }

  /** @param {number} to */
  mark(to) {
    this.node.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
    this.at = (to + this.items.length) % this.items.length;
    const row = /** @type {HTMLElement} */ (document.getElementById(this.active) ?? this.node.children[this.at + 1]);
    row.setAttribute("aria-selected", "true");
    row.scrollIntoView({ block: "nearest" });
  }

  takeActive() {
    this.take(this.items[this.at]);
  }

  /** Whether Enter takes a suggestion: only when that adds something; a whole word that was typed is sent. */
  wantsEnter() {
    if (!this.offer || !this.items.length) return false;
    const typed = this.offer.typed.toLocaleLowerCase();
    const whole = this.items.some((one) => one.insert.trim().toLocaleLowerCase() === typed);
    return this.moved || (typed !== "" && !whole);
  }
}

function keys() {
  const words = [h("kbd", {}, "↑"), h("kbd", {}, "↓"), " move  ", h("kbd", {}, "Tab"), " take  "];
  return h("div", { class: "suggestions-keys", "aria-hidden": "true" }, ...words, h("kbd", {}, "Esc"), " close");
}
