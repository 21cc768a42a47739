/** The box to write in: Enter sends, Shift and Enter begin a new line, Tab or Enter take a suggestion. */
import { upload } from "./api.js";
import { complete, wireForm } from "./completion.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { openMenu } from "./menu.js";
import { store } from "./store.js";
import { Suggestions } from "./suggestions.js";
import { toast } from "./toast.js";

const TALLEST = 220;

/** @param {string} label @param {Node} sign @param {() => void} press */
function tool(label, sign, press) {
  return h("button", { class: "icon-button", type: "button", "aria-label": label, title: label, onclick: press }, sign);
}

/** @param {string} text */
function sign(text) {
  return h("span", { class: "slash" }, text);
}

export class Composer {
  /** @param {{channel: string, thread: string, placeholder: string, id: string}} where */
  constructor(where) {
    this.where = where;
    this.draft = `${store.user}/${where.channel}/${where.thread}`;
    this.suggestions = new Suggestions((item) => this.take(item));
    this.box = h("textarea", {
      class: "composer-box",
      id: where.id,
      rows: "1",
      dir: "auto",
      placeholder: where.placeholder,
      "aria-label": where.placeholder,
      value: store.drafts.get(this.draft) ?? "",
      "aria-autocomplete": "list",
      "aria-controls": this.suggestions.id,
      autocomplete: "off",
      data: { focus: where.id },
      oninput: () => this.typed(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
      onblur: () => this.offer(null),
      onclick: () => this.suggest(),
      onpaste: (/** @type {ClipboardEvent} */ event) => this.files(event.clipboardData?.files, event),
    });
    this.file = h("input", {
      type: "file",
      multiple: true,
      class: "unseen",
      tabindex: "-1",
      "aria-hidden": "true",
      onchange: () => this.files(this.file.files),
    });
    this.button = h(
      "button",
      { class: "send", type: "button", "aria-label": "Send", title: "Send", onclick: () => this.send() },
      icon("send", 18),
    );
    this.node = h(
      "div",
      {
        class: "composer",
        ondragover: (/** @type {DragEvent} */ event) => event.preventDefault(),
        ondrop: (/** @type {DragEvent} */ event) => this.files(event.dataTransfer?.files, event),
      },
      this.suggestions.node,
      h("div", { class: "composer-frame" }, this.box, this.row()),
      this.file,
    );
    requestAnimationFrame(() => this.grow());
  }

  row() {
    const hint = [h("kbd", {}, "Enter"), " sends, ", h("kbd", {}, "Shift"), " ", h("kbd", {}, "Enter"), " new line"];
    return h(
      "div",
      { class: "composer-row" },
      tool("Attach a file", icon("clip"), () => this.file.click()),
      this.where.thread ? null : tool("Commands", sign("/"), () => this.start("/")),
      tool("Mention somebody", sign("@"), () => this.start("@")),
      this.shortcuts(),
      h("span", { class: "composer-hint" }, hint),
      this.button,
    );
  }

  /** The app's global shortcuts, when it has some. */
  shortcuts() {
    const all = (store.state?.shortcuts ?? []).filter((one) => one.type === "global");
    if (!all.length || this.where.thread) return null;
    const run = (/** @type {any} */ one) => void store.act("shortcut", { callback_id: one.callback_id });
    const opener = tool("Shortcuts", icon("bolt"), () =>
      openMenu(
        opener,
        all.map((one) => ({ label: one.name, pick: () => run(one) })),
        { label: "Shortcuts" },
      ),
    );
    return opener;
  }

  /** Begin a command or a mention, as if its sign had been typed. @param {string} sign */
  start(sign) {
    const text = this.box.value;
    this.box.focus();
    if (sign === "@") this.box.value = `${text}${text && !/\s$/.test(text) ? " " : ""}@`;
    else if (!text.startsWith("/")) this.box.value = `/${text}`;
    const caret = sign === "/" && !text ? 1 : this.box.value.length;
    this.box.setSelectionRange(caret, caret);
    this.typed();
  }

  typed() {
    store.drafts.set(this.draft, this.box.value);
    this.grow();
    this.suggest();
  }

  grow() {
    this.box.style.setProperty("height", "auto");
    this.box.style.setProperty("height", `${Math.min(this.box.scrollHeight, TALLEST)}px`);
    this.button.classList.toggle("ready", this.box.value.trim() !== "");
  }

  suggest() {
    if (document.activeElement !== this.box) return;
    const caret = this.box.selectionStart;
    const between = caret === this.box.selectionEnd;
    this.offer(between ? complete(this.box.value.slice(0, caret), !this.where.thread) : null);
  }

  /** @param {import("./completion.js").Completion|null} offer */
  offer(offer) {
    this.suggestions.show(offer);
    this.point();
  }

  /** Tell screen readers which suggestion is marked. */
  point() {
    if (this.suggestions.active) this.box.setAttribute("aria-activedescendant", this.suggestions.active);
    else this.box.removeAttribute("aria-activedescendant");
  }

  /** @param {import("./completion.js").Suggestion} item */
  take(item) {
    const from = this.suggestions.offer?.from ?? 0;
    const text = this.box.value;
    this.box.value = text.slice(0, from) + item.insert + text.slice(this.box.selectionStart).replace(/^ /, "");
    const caret = from + item.insert.length;
    this.box.setSelectionRange(caret, caret);
    this.typed();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.isComposing) return;
    const { items } = this.suggestions;
    if (items.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      this.suggestions.move(event.key === "ArrowDown" ? 1 : -1);
      this.point();
    } else if (this.suggestions.offer && event.key === "Escape") {
      event.stopPropagation();
      this.offer(null);
    } else if (items.length && event.key === "Tab" && !event.shiftKey) {
      this.suggestions.takeActive();
    } else if (event.key === "Enter" && !event.shiftKey) {
      if (this.suggestions.wantsEnter()) this.suggestions.takeActive();
      else this.send();
    } else return;
    event.preventDefault();
  }

  async send() {
    const text = this.box.value.trim();
    if (!text) return;
    const { channel, thread } = this.where;
    const command = /^(\/[^\s/]+)\s*(.*)$/s.exec(text);
    if (command && thread) {
      toast("Slash commands can't be used in threads. Use the channel's message box.", "error");
      return;
    }
    this.write("");
    const done = command
      ? await store.act("command", { channel, command: command[1], text: command[2] })
      : await store.act("message", { channel, text: wireForm(text), ...(thread ? { thread_ts: thread } : {}) });
    if (done === null && this.box.value === "") this.write(text);
  }

  /** @param {string} text */
  write(text) {
    this.box.value = text;
    this.typed();
    this.offer(null);
  }

  /** @param {FileList|undefined|null} files @param {Event} [event] */
  async files(files, event) {
    if (!files?.length) return;
    event?.preventDefault();
    this.node.setAttribute("aria-busy", "true");
    for (const file of [...files]) {
      try {
        await upload(store.user, file, { channel: this.where.channel, thread_ts: this.where.thread, comment: "" });
      } catch (error) {
        toast(error instanceof Error ? error.message : String(error), "error");
      }
    }
    this.file.value = "";
    this.node.removeAttribute("aria-busy");
    store.refresh();
  }
}
