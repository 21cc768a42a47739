/** The app's home: its blocks, asked for each time it is opened. */
import { renderBlocks } from "./blocks.js";
import { fill, h } from "./dom.js";
import { homeContext } from "./interact.js";
import { store } from "./store.js";

export class Home {
  constructor() {
    this.blocks = h("div", { class: "home-blocks" });
    this.empty = h("p", { class: "home-empty" });
    this.node = h(
      "div",
      { class: "home", tabindex: "0", role: "region", "aria-label": "Home" },
      this.blocks,
      this.empty,
    );
    this.opened = "";
    this.waiting = false;
  }

  draw() {
    if (this.opened !== store.user) {
      this.opened = store.user;
      this.open();
    }
    const home = store.state?.home;
    renderBlocks(this.blocks, home?.blocks ?? [], homeContext(), store.salt);
    this.empty.hidden = Boolean(home);
    if (!home)
      fill(
        this.empty,
        this.waiting ? h("span", { class: "spinner" }) : null,
        this.waiting ? "Opening…" : "This app has not published a home for you.",
      );
  }

  async open() {
    this.waiting = true;
    await store.act("home_opened", {});
    this.waiting = false;
    store.draw();
  }

  left() {
    this.opened = "";
  }
}
