/** The open modal: drawn from the state's view, kept while it changes, closed by Escape, Cancel or the app. */
import { renderBlocks } from "./blocks.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { viewContext } from "./interact.js";
import { plainText } from "./mrkdwn.js";
import { store } from "./store.js";

/** @typedef {import("./types.js").View} View */

export class Modal {
  constructor() {
    this.body = h("div", { class: "dialog-body", tabindex: "-1" });
    this.title = h("h2", { class: "dialog-title", id: "modal-title", dir: "auto" });
    this.foot = h("footer", { class: "dialog-foot" });
    /** Words about the form as a whole, such as that the app did not answer. */
    this.general = h("div", { class: "form-error", role: "alert", dir: "auto" });
    this.x = h(
      "button",
      { class: "icon-button", type: "button", "aria-label": "Close", onclick: () => this.leave(true) },
      icon("cross"),
    );
    this.form = h(
      "form",
      { class: "dialog-form", novalidate: true, onsubmit: (/** @type {Event} */ event) => this.submit(event) },
      h("header", { class: "dialog-head" }, this.title, this.x),
      this.body,
      this.general,
      this.foot,
    );
    this.node = h("dialog", { class: "dialog", "aria-labelledby": "modal-title" }, this.form);
    this.node.addEventListener("cancel", (/** @type {Event} */ event) => {
      if (event.target !== this.node) return;
      event.preventDefault();
      this.leave();
    });
    this.node.addEventListener("close", () => this.leave());
    /** @type {View|null} */
    this.view = null;
    this.left = new Set();
    /** @type {Record<string, string>} */
    this.errors = {};
    this.footSig = "";
    /** @type {HTMLElement|null} */
    this.before = null;
  }

  draw() {
    const view = store.state?.view ?? null;
    if (!view) this.left.clear();
    if (!view || this.left.has(view.id)) {
      this.hide();
      return;
    }
    const fresh = view.id !== this.view?.id;
    if (fresh || view.hash !== this.view?.hash) this.errors = {};
    this.view = view;
    fill(this.title, ...plainText(view.title));
    this.drawFoot(view);
    this.node.classList.toggle("stacked", (view.stack ?? 1) > 1);
    if (fresh) this.body.replaceChildren();
    renderBlocks(this.body, view.blocks ?? [], viewContext(view.id), store.salt);
    this.showErrors({ ...(view.errors ?? {}), ...this.errors });
    this.open(fresh);
  }

  /** @param {boolean} fresh */
  open(fresh) {
    if (!this.node.open) {
      this.before = /** @type {HTMLElement} */ (document.activeElement);
      this.node.showModal();
    }
    if (!fresh) return;
    this.body.scrollTop = 0;
    const first =
      this.body.querySelector("[autofocus]") ??
      this.body.querySelector("input:not([type=file]), textarea, select, button");
    const target = /** @type {HTMLElement} */ (first ?? this.foot.querySelector(".button-primary") ?? this.x);
    target.focus({ preventScroll: true });
  }

  hide() {
    this.view = null;
    if (!this.node.open) return;
    this.node.close();
    if (this.before?.isConnected) this.before.focus({ preventScroll: true });
    else document.getElementById("composer")?.focus({ preventScroll: true });
  }

  /** @param {View} view */
  drawFoot(view) {
    const busy = store.pending.has(`submit/${view.id}`) || Boolean(view.loading);
    const sig = JSON.stringify([view.id, view.close, view.submit, busy, view.loading]);
    if (sig === this.footSig) return;
    this.footSig = sig;
    fill(
      this.foot,
      view.close === null && !view.submit
        ? null
        : h(
            "button",
            { class: "button", type: "button", onclick: () => this.leave() },
            ...plainText(view.close || "Cancel"),
          ),
      view.submit
        ? h(
            "button",
            { class: "button button-primary", type: "submit", "aria-busy": busy ? "true" : null, data: { submit: "" } },
            h("span", { class: "button-text" }, ...plainText(view.submit)),
          )
        : null,
    );
    this.foot.hidden = !this.foot.hasChildNodes();
  }

  /** @param {Record<string, string>} errors by block id */
  showErrors(errors) {
    const general = errors[""] ?? "";
    if (this.general.textContent !== general) this.general.textContent = general;
    for (const block of /** @type {NodeListOf<HTMLElement>} */ (this.body.querySelectorAll(".block-input"))) {
      const words = errors[block.dataset.block ?? ""] ?? "";
      const place = /** @type {HTMLElement|null} */ (block.querySelector(".field-error"));
      if (place && place.textContent !== words) place.textContent = words;
      block.classList.toggle("has-error", Boolean(words));
      for (const control of block.querySelectorAll("input, textarea, .choices")) {
        if (words) control.setAttribute("aria-invalid", "true");
        else control.removeAttribute("aria-invalid");
      }
    }
  }

  focusFirstError() {
    const block = this.body.querySelector(".has-error");
    block?.scrollIntoView({ block: "nearest" });
    /** @type {HTMLElement|null|undefined} */ (block?.querySelector("input, textarea, button"))?.focus();
  }

  /** Close it: at once for the person, and told to the app. @param {boolean} [all] those below it too */
  async leave(all = false) {
    const view = this.view;
    if (!view) return;
    this.left.add(view.id);
    this.draw();
    const done = await store.act("view_closed", { id: view.id, ...(all ? { all } : {}) });
    if (done === null) this.left.delete(view.id);
    store.draw();
  }

  /** @param {Event} event */
  async submit(event) {
    event.preventDefault();
    const view = this.view;
    if (!view || !view.submit || store.pending.has(`submit/${view.id}`)) return;
    const values = store.form(`view/${view.id}`).values(view.blocks, view.values ?? {});
    const answer = await store.act("view_submission", { id: view.id, hash: view.hash, values }, `submit/${view.id}`);
    if (this.view?.id !== view.id) return;
    this.errors = answer?.errors ?? {};
    this.draw();
    if (Object.keys(this.errors).length) this.focusFirstError();
  }
}
