/** The left side: who you are, the channels, the people and the apps. */
import { bdi, fill, h, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { apps, avatar, channelName, nameOf } from "./mentions.js";
import { openMenu } from "./menu.js";
import { addressOf, go, goChannel, readPlace } from "./route.js";
import { store } from "./store.js";

/** @param {any} user */
function remark(user) {
  if (user.team_id && user.team_id !== store.state?.team.id) return "from another workspace";
  return user.guest ? "guest" : "";
}

/** @param {string} id */
export async function switchTo(id) {
  const place = store.place;
  await store.become(id);
  const kept = place.kind === "home" || (store.channel(place.id) && store.channel(place.id)?.kind !== "dm");
  if (kept) go(place.kind === "home" ? place : { ...place, thread: "" });
  else {
    window.history.pushState(null, "", addressOf(store.user, { kind: "channel", id: "", thread: "" }));
    readPlace();
    go(store.place, true);
  }
}

/** @returns {{node: HTMLElement, draw: () => void}} */
export function topBar() {
  const who = h("button", {
    class: "switcher",
    type: "button",
    id: "switcher",
    "aria-haspopup": "menu",
    "aria-expanded": "false",
    onclick: () => openMenu(who, people(), { label: "Be another person", wide: true, className: "menu-people" }),
  });
  const burger = h(
    "button",
    {
      class: "icon-button burger",
      type: "button",
      "aria-label": "Channels and people",
      onclick: () => document.getElementById("app")?.classList.toggle("nav-open"),
    },
    icon("menu"),
  );
  const team = h("span", { class: "team-name" });
  const dot = h("span", { class: "live" });
  const node = h(
    "header",
    { class: "top" },
    h(
      "div",
      { class: "team" },
      burger,
      h("span", { class: "team-sign", "aria-hidden": "true" }),
      h(
        "span",
        { class: "team-words" },
        team,
        h("span", { class: "team-more" }, dot, h("span", { class: "live-words" })),
      ),
    ),
    who,
  );
  let shown = "";
  return {
    node,
    draw: () => {
      const sig = JSON.stringify([store.salt, store.live, store.state?.team]);
      if (sig === shown) return;
      shown = sig;
      const name = store.state?.team.name ?? "";
      fill(team, bdi(name || "Local workspace"));
      fill(/** @type {HTMLElement} */ (node.querySelector(".team-sign")), [...name][0] ?? "L");
      dot.className = store.live ? "live" : "live live-off";
      fill(
        /** @type {HTMLElement} */ (node.querySelector(".live-words")),
        store.live ? "Local workspace" : "Connecting again…",
      );
      fill(
        who,
        avatar(store.me, 30),
        h(
          "span",
          { class: "switcher-words" },
          h("span", { class: "switcher-are" }, "You are "),
          h("span", { class: "switcher-name" }, bdi(nameOf(store.me))),
        ),
        icon("chevron"),
      );
    },
  };
}

/** @returns {import("./menu.js").Entry[]} */
function people() {
  return (store.state?.users ?? [])
    .filter((user) => !user.bot && !user.deleted)
    .map((user) => ({
      label: h("span", { class: "with-avatar" }, avatar(user, 26), bdi(nameOf(user))),
      detail: remark(user),
      chosen: user.id === store.user,
      href: addressOf(user.id, store.place),
      pick: () => switchTo(user.id),
    }));
}

/** @param {any} channel */
function signOf(channel) {
  if (channel.kind === "dm") return avatar(store.index.get(channel.with), 20);
  return icon(channel.kind === "private" ? "lock" : "hash", 16);
}

/** @param {import("./types.js").Channel} channel @returns {import("./dom.js").Item} */
function channelItem(channel) {
  const here = store.place.kind === "channel" && store.place.id === channel.id;
  const name = channelName(channel);
  const badge = channel.unread > 0 && !here;
  return {
    key: channel.id,
    sig: JSON.stringify([channel, here, name, store.user]),
    make: () =>
      h(
        "li",
        {},
        h(
          "a",
          {
            class: `nav-item${badge ? " unread" : ""}${channel.archived ? " archived" : ""}`,
            href: addressOf(store.user, { kind: "channel", id: channel.id, thread: "" }),
            "aria-current": here ? "page" : null,
            data: { focus: `nav-${channel.id}`, channel: channel.name },
            onclick: follow(() => goChannel(channel.id)),
          },
          signOf(channel),
          h("span", { class: "nav-name" }, bdi(name)),
          channel.kind === "private" ? h("span", { class: "unseen" }, " (private)") : null,
          badge
            ? h(
                "span",
                { class: "badge", "aria-label": `${channel.unread} unread` },
                channel.unread > 99 ? "99+" : String(channel.unread),
              )
            : null,
        ),
      ),
  };
}

/** A link that moves within the page, unless it is to open elsewhere. @param {() => void} move */
function follow(move) {
  return (/** @type {MouseEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    move();
  };
}

/** @returns {import("./types.js").Channel[]} direct messages with an app */
function appChannels() {
  return (store.state?.channels ?? []).filter((one) => one.kind === "dm" && store.index.get(one.with ?? "")?.bot);
}

/** @returns {import("./dom.js").Item[]} */
function appItems() {
  return apps().map((app) => {
    const direct = appChannels().find((one) => one.with === app.id);
    const here =
      store.place.kind === "home" || (direct && store.place.kind === "channel" && store.place.id === direct.id);
    const unread = direct?.unread ?? 0;
    const toMessages = direct && (unread > 0 || store.state?.app?.home === false);
    return {
      key: app.id,
      sig: JSON.stringify([app, here, unread, toMessages, store.user]),
      make: () =>
        h(
          "li",
          {},
          h(
            "a",
            {
              class: `nav-item${unread ? " unread" : ""}`,
              href: addressOf(store.user, { kind: "home" }),
              "aria-current": here ? "page" : null,
              data: { focus: `nav-${app.id}` },
              onclick: follow(() => (toMessages && direct ? goChannel(direct.id) : go({ kind: "home" }))),
            },
            avatar(app, 20),
            h("span", { class: "nav-name" }, bdi(nameOf(app))),
            unread ? h("span", { class: "badge", "aria-label": `${unread} unread` }, String(unread)) : null,
          ),
        ),
    };
  });
}

/** @returns {{node: HTMLElement, draw: () => void}} */
export function sidebar() {
  const lists = { Channels: h("ul", {}), "Direct messages": h("ul", {}), Apps: h("ul", {}) };
  const node = h(
    "nav",
    { class: "nav", "aria-label": "Channels and people" },
    Object.entries(lists).map(([name, list]) => h("section", {}, h("h2", {}, name), list)),
  );
  return {
    node,
    draw: () => {
      const channels = store.state?.channels ?? [];
      const direct = channels.filter((one) => one.kind === "dm" && !store.index.get(one.with ?? "")?.bot);
      reconcile(lists.Channels, channels.filter((one) => one.kind !== "dm").map(channelItem));
      reconcile(lists["Direct messages"], direct.map(channelItem));
      reconcile(lists.Apps, appItems());
      /** @type {HTMLElement} */ (lists["Direct messages"].parentElement).hidden = direct.length === 0;
    },
  };
}
