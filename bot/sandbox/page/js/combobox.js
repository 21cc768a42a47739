/** One list to choose from, with typing to find: for every select of Block Kit, one or many. */
import { append, fill, freshId, h } from "./dom.js";
import { icon } from "./icons.js";
import { place } from "./menu.js";

/**
 * @typedef {{value: string, words: string, label?: () => Node, detail?: string}} Option
 * @typedef {{name: string, options: Option[]}} Group  a group without a name has no heading
 * @typedef {{many: boolean, chosen: Option[], placeholder: string, most?: number, clearable?: boolean, id?: string,
 *   label?: string, describedBy?: string, data: Record<string, string>, autofocus?: boolean, pause?: number,
 *   search: (typed: string) => Group[]|Promise<Group[]>, change: (chosen: Option[]) => void}} Settings
 */

export class Combobox {
  /** @param {Settings} settings */
  constructor(settings) {
    this.settings = settings;
    this.chosen = settings.chosen;
    /** @type {Option[]} */
    this.shown = [];
    this.at = -1;
    this.asked = 0;
    this.listId = freshId("list");
    this.list = h("div", {
      class: "listbox",
      id: this.listId,
      role: "listbox",
      popover: "manual",
      "aria-multiselectable": settings.many ? "true" : null,
      "aria-label": settings.placeholder,
    });
    this.input = h("input", {
      class: "combo-input",
      type: "text",
      role: "combobox",
      autocomplete: "off",
      spellcheck: "false",
      id: settings.id,
      dir: "auto",
      "aria-expanded": "false",
      "aria-controls": this.listId,
      "aria-autocomplete": "list",
      "aria-label": settings.label,
      "aria-describedby": settings.describedBy,
      data: settings.data,
      autofocus: settings.autofocus,
      oninput: () => this.open(this.input.value),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
      onblur: () => this.close(),
      onclick: () => this.isOpen() || this.open(""),
    });
    this.chips = h("span", { class: "chips" });
    this.clear = h(
      "button",
      { class: "icon-button combo-clear", type: "button", "aria-label": "Clear", onclick: () => this.choose([]) },
      icon("cross", 14),
    );
    this.node = h(
      "div",
      {
        class: `combo${settings.many ? " combo-many" : ""}`,
        onclick: (/** @type {Event} */ event) => event.target === this.node && this.input.focus(),
      },
      this.chips,
      this.input,
      this.clear,
      icon("chevron", 16),
      this.list,
    );
    this.show();
  }

  isOpen() {
    return this.list.matches(":popover-open");
  }

  /** Draw what is chosen. */
  show() {
    const { many, placeholder, clearable } = this.settings;
    this.clear.hidden = many || !clearable || this.chosen.length === 0;
    if (!many) {
      this.input.value = this.chosen[0]?.words ?? "";
      this.input.placeholder = placeholder;
      return;
    }
    this.input.value = "";
    this.input.placeholder = this.chosen.length ? "" : placeholder;
    fill(
      this.chips,
      ...this.chosen.map((one) =>
        h(
          "span",
          { class: "chip" },
          h("bdi", {}, one.words),
          h(
            "button",
            {
              class: "icon-button",
              type: "button",
              "aria-label": `Remove ${one.words}`,
              onclick: () => this.choose(this.chosen.filter((other) => other !== one)),
            },
            icon("cross", 12),
          ),
        ),
      ),
    );
  }

  /** @param {Option[]} chosen */
  choose(chosen) {
    this.chosen = chosen;
    this.show();
    this.settings.change(chosen);
  }

  /** @param {string} typed */
  async open(typed) {
    this.asked += 1;
    const mine = this.asked;
    if (!this.isOpen()) {
      this.list.showPopover();
      this.input.setAttribute("aria-expanded", "true");
      if (!this.settings.many) this.input.select();
    }
    if (this.settings.pause) {
      this.note("Searching…");
      await new Promise((resolve) => setTimeout(resolve, this.settings.pause));
      if (mine !== this.asked) return;
    }
    /** @type {Group[]|string} */
    let groups;
    try {
      groups = await this.settings.search(typed.trim());
    } catch (error) {
      groups = error instanceof Error ? error.message : String(error);
    }
    if (mine !== this.asked || !this.isOpen()) return;
    if (typeof groups === "string") this.note(groups);
    else this.draw(groups);
  }

  /** @param {string} words */
  note(words) {
    this.shown = [];
    fill(this.list, h("div", { class: "listbox-note" }, words));
    place(this.list, this.node, { wide: true });
  }

  /** @param {Group[]} groups */
  draw(groups) {
    this.shown = [];
    this.list.replaceChildren();
    for (const group of groups) {
      const holder = group.name
        ? h(
            "div",
            { role: "group", "aria-label": group.name },
            h("div", { class: "listbox-group", "aria-hidden": "true" }, group.name),
          )
        : this.list;
      for (const option of group.options) append(holder, [this.row(option)]);
      if (holder !== this.list && group.options.length) this.list.appendChild(holder);
    }
    if (!this.shown.length) return this.note("Nothing found");
    const first = this.shown.findIndex((one) => this.isChosen(one));
    this.move(this.settings.many ? 0 : Math.max(0, first));
    place(this.list, this.node, { wide: true });
  }

  /** @param {Option} option */
  isChosen(option) {
    return this.chosen.some((one) => one.value === option.value);
  }

  /** @param {Option} option */
  row(option) {
    const index = this.shown.push(option) - 1;
    return h(
      "div",
      {
        class: "option",
        role: "option",
        id: `${this.listId}-${index}`,
        "aria-selected": String(this.isChosen(option)),
        onmousedown: (/** @type {Event} */ event) => event.preventDefault(),
        onclick: () => this.pick(option),
        onmousemove: () => this.at !== index && this.move(index),
      },
      h("span", { class: "option-words", dir: "auto" }, option.label ? option.label() : option.words),
      option.detail ? h("span", { class: "option-detail", dir: "auto" }, option.detail) : null,
      this.isChosen(option) ? icon("check", 16) : null,
    );
  }

  /** @param {number} to */
  move(to) {
    this.list.querySelector(".option-at")?.classList.remove("option-at");
    this.at = (to + this.shown.length) % Math.max(1, this.shown.length);
    const row = document.getElementById(`${this.listId}-${this.at}`);
    row?.classList.add("option-at");
    row?.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", row ? row.id : "");
  }

  /** @param {Option} option */
  pick(option) {
    if (!this.settings.many) {
      this.close();
      return this.choose([option]);
    }
    const without = this.chosen.filter((one) => one.value !== option.value);
    const full = this.chosen.length >= (this.settings.most ?? Infinity);
    if (without.length === this.chosen.length && full) return this.note(`At most ${this.settings.most} can be chosen.`);
    this.choose(without.length < this.chosen.length ? without : [...this.chosen, option]);
    this.open("");
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const open = this.isOpen();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (open) this.move(this.at + (event.key === "ArrowDown" ? 1 : -1));
      else this.open("");
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (open && this.shown[this.at]) this.pick(this.shown[this.at]);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    } else if (event.key === "Backspace" && this.settings.many && this.input.value === "" && this.chosen.length) {
      this.choose(this.chosen.slice(0, -1));
    }
  }

  close() {
    if (this.isOpen()) this.list.hidePopover();
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.show();
  }
}
