/** A list of messages that keeps its place: at the end it stays at the end, elsewhere it does not move. */
import { announce, h, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { authorOf, fillMessage, messageItem } from "./message.js";
import { nameOf } from "./mentions.js";
import { mrkdwn } from "./mrkdwn.js";
import { store } from "./store.js";
import { dateOf, dayName, dayOf } from "./time.js";

/** @typedef {import("./types.js").Message} Message */
const TOGETHER = 5 * 60;
const NEAR = 60;

export class MessageList {
  /** @param {string} label */
  constructor(label) {
    this.content = h("div", { class: "messages" });
    this.scroller = h(
      "div",
      { class: "scroller", tabindex: "0", role: "region", "aria-label": label, onscroll: () => this.scrolled() },
      this.content,
    );
    this.more = h(
      "button",
      { class: "new-below", type: "button", hidden: true, onclick: () => this.toEnd() },
      icon("down", 14),
      "New messages",
    );
    this.node = h("div", { class: "list" }, this.scroller, this.more);
    this.atEnd = true;
    this.top = 0;
    this.place = "";
    /** @type {Set<string>} */
    this.known = new Set();
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.content);
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.scroller);
  }

  scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    const near = scrollHeight - scrollTop - clientHeight < NEAR;
    // Only a person scrolls upwards; a list that grew, or a window that shrank, is not left.
    if (near) this.atEnd = true;
    else if (scrollTop < this.top) this.atEnd = false;
    this.top = scrollTop;
    if (this.atEnd) this.more.hidden = true;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.atEnd = true;
    this.more.hidden = true;
  }

  /**
   * @param {string} channel @param {Message[]} messages in order @param {{place: string, thread?: boolean,
   *   before?: import("./dom.js").Item[], after?: import("./dom.js").Item[], repliesOf?: (message: Message) => Message[]}} options
   */
  draw(channel, messages, options) {
    const moved = options.place !== this.place;
    this.place = options.place;
    /** @type {import("./dom.js").Item[]} */
    const items = [...(options.before ?? [])];
    const shown = messages.map((message, index) => ({
      channel,
      message,
      inThread: Boolean(options.thread),
      replies: options.repliesOf?.(message) ?? [],
      follows: follows(messages[index - 1], message) && !(options.thread && index === 1),
    }));
    shown.forEach((one, index) => {
      const day = dayOf(dateOf(one.message.ts));
      if (!options.thread && (index === 0 || day !== dayOf(dateOf(messages[index - 1].ts))))
        items.push(divider(day, one.message.ts));
      items.push(messageItem(one));
      if (options.thread && index === 0 && shown.length > 1) items.push(countLine(shown.length - 1));
    });
    reconcile(this.content, [...items, ...(options.after ?? [])]);
    const frames = [.../** @type {NodeListOf<HTMLElement>} */ (this.content.querySelectorAll(":scope > .message"))];
    frames.forEach((node, index) => fillMessage(node, shown[index]));
    this.tell(messages, moved);
    if (moved || this.atEnd) this.toEnd();
  }

  /** Say what is new. @param {Message[]} messages @param {boolean} moved */
  tell(messages, moved) {
    const fresh = moved ? [] : messages.filter((one) => !this.known.has(one.ts));
    this.known = new Set(messages.map((one) => one.ts));
    for (const message of fresh.slice(-3)) announce(`${nameOf(authorOf(message))}: ${spoken(message)}`);
    if (fresh.some((one) => one.user === store.user)) this.atEnd = true;
    if (fresh.length && !this.atEnd) this.more.hidden = false;
  }
}

/** @param {Message} message */
function spoken(message) {
  return mrkdwn(message.text ?? "").textContent ?? "";
}

/** @param {Message|undefined} before @param {Message} message @returns {boolean} whether it needs no head of its own */
function follows(before, message) {
  if (!before || before.user !== message.user || before.username !== message.username) return false;
  if (before.ephemeral || message.ephemeral) return false;
  return Number(message.ts) - Number(before.ts) < TOGETHER && dayOf(dateOf(before.ts)) === dayOf(dateOf(message.ts));
}

/** @param {string} day @param {string} ts @returns {import("./dom.js").Item} */
function divider(day, ts) {
  const words = dayName(dateOf(ts));
  return {
    key: `day-${day}`,
    sig: words,
    make: () => h("div", { class: "day", role: "separator", "aria-label": words }, h("span", {}, words)),
  };
}

/** @param {number} count @returns {import("./dom.js").Item} */
function countLine(count) {
  const words = count === 1 ? "1 reply" : `${count} replies`;
  return {
    key: "count",
    sig: words,
    make: () => h("div", { class: "reply-line", role: "separator" }, h("span", {}, words)),
  };
}
