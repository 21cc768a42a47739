/** The middle of the page: one conversation with its box to write in, or the app's home; and the thread beside it. */
import { Composer } from "./composer.js";
import { bdi, fill, h } from "./dom.js";
import { Home } from "./home.js";
import { icon } from "./icons.js";
import { apps, avatar, channelName, nameOf } from "./mentions.js";
import { MessageList } from "./messages.js";
import { mrkdwn } from "./mrkdwn.js";
import { go, goChannel } from "./route.js";
import { store } from "./store.js";

/** @typedef {import("./types.js").Channel} Channel */
/** @typedef {import("./types.js").Message} Message */

/** @param {string} channel @returns {Message[]} */
function messagesOf(channel) {
  return [...(store.state?.messages[channel] ?? [])].sort((one, other) =>
    one.ts < other.ts ? -1 : one.ts > other.ts ? 1 : 0,
  );
}

/** @param {Message} message */
function isReply(message) {
  return Boolean(message.thread_ts) && message.thread_ts !== message.ts;
}

/** @param {Channel} channel @returns {string} why nothing can be written there, or "" */
function closed(channel) {
  if (channel.archived) return "This channel is archived. Nothing new can be written here.";
  return channel.member === false && channel.kind !== "dm" ? `You are not in #${channel.name}.` : "";
}

/** @param {HTMLElement} holder @param {Channel} channel @param {string} thread @param {string} placeholder */
function composerIn(holder, channel, thread, placeholder) {
  const why = closed(channel);
  const key = JSON.stringify([store.user, channel.id, thread, placeholder, why]);
  if (holder.dataset.key === key) return;
  holder.dataset.key = key;
  if (why) fill(holder, h("div", { class: "composer-closed" }, why));
  else {
    const composer = new Composer({
      channel: channel.id,
      thread,
      placeholder,
      id: thread ? "thread-composer" : "composer",
    });
    fill(holder, composer.node);
    if (!document.querySelector("dialog[open]") && window.matchMedia("(pointer: fine)").matches)
      composer.box.focus({ preventScroll: true });
  }
}

export class Centre {
  constructor() {
    this.head = h("header", { class: "centre-head" });
    this.list = new MessageList("Messages");
    this.home = new Home();
    this.foot = h("div", { class: "composer-place" });
    this.node = h("main", { class: "centre" }, this.head, this.list.node, this.home.node, this.foot);
    this.headSig = "";
    this.seen = "";
  }

  draw() {
    const isHome = store.place.kind === "home";
    this.home.node.hidden = !isHome;
    this.list.node.hidden = this.foot.hidden = isHome;
    const channel = store.place.kind === "channel" ? store.channel(store.place.id) : undefined;
    this.drawHead(channel, isHome);
    if (isHome) return this.home.draw();
    this.home.left();
    this.foot.hidden = !channel;
    if (!channel) return this.list.draw("", [], { place: "" });
    const all = messagesOf(channel.id);
    const repliesOf = (/** @type {Message} */ message) =>
      all.filter((one) => isReply(one) && !one.ephemeral && one.thread_ts === message.ts);
    this.list.draw(
      channel.id,
      all.filter((one) => !isReply(one) || one.reply_broadcast),
      {
        place: `${store.user}/${channel.id}`,
        repliesOf,
        before: [intro(channel)],
        after: notices(channel.id),
      },
    );
    const name = channelName(channel);
    composerIn(this.foot, channel, "", channel.kind === "dm" ? `Message ${name}` : `Message #${name}`);
    this.read(channel, all[all.length - 1]?.ts ?? "");
  }

  /** Tell the server, once for each newest message, that the person has seen it. @param {Channel} channel @param {string} newest */
  read(channel, newest) {
    const seen = `${store.user}/${channel.id}/${newest}`;
    if (!channel.unread || document.hidden || this.seen === seen) return;
    this.seen = seen;
    store.act("read", { channel: channel.id });
  }

  /** @param {Channel|undefined} channel @param {boolean} isHome */
  drawHead(channel, isHome) {
    const app = isHome ? apps()[0] : channel?.kind === "dm" ? store.index.get(channel.with ?? "") : undefined;
    const sig = JSON.stringify([channel && { ...channel, unread: 0 }, isHome, app, store.salt]);
    if (sig === this.headSig) return;
    this.headSig = sig;
    if (app?.bot)
      return fill(
        this.head,
        h("div", { class: "centre-title" }, avatar(app, 26), h("h1", {}, bdi(nameOf(app)))),
        tabs(app, isHome),
      );
    if (!channel) return fill(this.head, h("h1", {}, "Nothing to show"));
    const sign = channel.kind === "dm" ? avatar(app, 26) : icon(channel.kind === "private" ? "lock" : "hash");
    fill(
      this.head,
      h("div", { class: "centre-title" }, sign, h("h1", {}, bdi(channelName(channel)))),
      channel.topic ? h("div", { class: "topic", dir: "auto" }, channel.topic) : null,
    );
  }
}

/** @param {any} app @param {boolean} isHome */
function tabs(app, isHome) {
  const direct = store.state?.channels.find((one) => one.kind === "dm" && one.with === app.id);
  const tab = (/** @type {string} */ name, /** @type {boolean} */ chosen, /** @type {() => void} */ move) =>
    h(
      "button",
      {
        class: "tab",
        type: "button",
        "aria-current": chosen ? "page" : null,
        data: { focus: `tab-${name}` },
        onclick: move,
      },
      name,
    );
  return h(
    "div",
    { class: "tabs", role: "group", "aria-label": "Views of this app" },
    store.state?.app?.home === false ? null : tab("Home", isHome, () => go({ kind: "home" })),
    direct ? tab("Messages", !isHome, () => goChannel(direct.id)) : null,
  );
}

/** @param {Channel} channel @returns {import("./dom.js").Item} */
function intro(channel) {
  const name = channelName(channel);
  const words =
    channel.kind === "dm" ? "This is the beginning of your direct messages with " : "This is the beginning of ";
  return {
    key: `intro-${channel.id}`,
    sig: JSON.stringify([name, channel.topic, channel.kind]),
    make: () =>
      h(
        "div",
        { class: "intro" },
        h(
          "div",
          { class: "intro-name" },
          channel.kind === "dm" ? "" : channel.kind === "private" ? icon("lock", 22) : "#",
          bdi(name),
        ),
        h(
          "p",
          {},
          words,
          bdi(channel.kind === "dm" ? name : `#${name}`),
          channel.kind === "private" ? ". Only its members can see it." : ".",
        ),
      ),
  };
}

/** @param {string} channel @returns {import("./dom.js").Item[]} */
function notices(channel) {
  return (store.state?.notices ?? [])
    .filter((one) => one.channel === channel)
    .map((one) => ({
      key: `notice-${one.id}`,
      sig: one.text,
      make: () =>
        h(
          "div",
          { class: "notice", role: "alert" },
          icon("warn"),
          h(
            "div",
            { class: "notice-words" },
            h("div", { class: "only-you" }, icon("eye", 14), "Only visible to you"),
            mrkdwn(one.text),
          ),
          h(
            "button",
            {
              class: "icon-button",
              type: "button",
              "aria-label": "Dismiss",
              onclick: () => store.act("dismiss", { notice: one.id }),
            },
            icon("cross", 16),
          ),
        ),
    }));
}

export class Thread {
  constructor() {
    this.list = new MessageList("Thread");
    this.where = h("span", { class: "thread-where" });
    this.foot = h("div", { class: "composer-place" });
    this.node = h(
      "aside",
      {
        class: "thread",
        "aria-label": "Thread",
        hidden: true,
        onkeydown: (/** @type {KeyboardEvent} */ event) =>
          event.key === "Escape" && !event.defaultPrevented && this.close(),
      },
      h(
        "header",
        { class: "centre-head" },
        h("div", { class: "centre-title" }, h("h2", {}, "Thread"), this.where),
        h(
          "button",
          { class: "icon-button", type: "button", "aria-label": "Close thread", onclick: () => this.close() },
          icon("cross"),
        ),
      ),
      this.list.node,
      this.foot,
    );
  }

  close() {
    if (store.place.kind !== "channel") return;
    const { id, thread } = store.place;
    go({ kind: "channel", id, thread: "" });
    const opener = /** @type {HTMLElement|null} */ (
      document.querySelector(`[data-focus="thread-${CSS.escape(thread)}"]`) ?? document.getElementById("composer")
    );
    opener?.focus({ preventScroll: true });
  }

  draw() {
    const place = store.place;
    const channel = place.kind === "channel" && place.thread ? store.channel(place.id) : undefined;
    const all =
      channel && place.kind === "channel"
        ? messagesOf(channel.id).filter((one) => one.ts === place.thread || one.thread_ts === place.thread)
        : [];
    const open = Boolean(channel) && all.length > 0;
    this.node.hidden = !open;
    document.getElementById("app")?.classList.toggle("with-thread", open);
    if (!open || !channel || place.kind !== "channel") {
      delete this.foot.dataset.key;
      return;
    }
    fill(this.where, bdi(channel.kind === "dm" ? channelName(channel) : `#${channelName(channel)}`));
    this.list.draw(channel.id, all, { place: `${store.user}/${channel.id}/${place.thread}`, thread: true });
    composerIn(this.foot, channel, place.thread, "Reply…");
  }
}
