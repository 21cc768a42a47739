/** People, channels and groups as they appear inside texts, and people's avatars. */
import { bdi, h } from "./dom.js";
import { icon } from "./icons.js";
import { store } from "./store.js";

/** @param {any} user @returns {string} */
export function nameOf(user) {
  return user ? user.real_name || user.name || user.id : "Somebody";
}

/** The workspace's own voice, which is nobody to write to. */
const HOUSE = "USLACKBOT";

/** @returns {any[]} the apps' users */
export function apps() {
  return (store.state?.users ?? []).filter((one) => one.bot && !one.deleted && one.id !== HOUSE);
}

/** @returns {any[]} everybody who can be mentioned or chosen */
export function everybody() {
  return (store.state?.users ?? []).filter((one) => !one.deleted && one.id !== HOUSE);
}

/** @param {string} id */
export function userName(id) {
  const user = store.index.get(id);
  return user ? nameOf(user) : id || "Somebody";
}

/** @param {any} channel @returns {string} without its sign */
export function channelName(channel) {
  return channel.kind === "dm" ? userName(channel.with ?? "") : channel.name;
}

/** @param {string} id @param {string} [fallback] */
export function userMention(id, fallback = "") {
  const user = store.index.get(id);
  const name = user ? nameOf(user) : fallback || id;
  return h("span", { class: id === store.user ? "mention mention-me" : "mention" }, "@", bdi(name));
}

/** @param {string} id @param {string} [fallback] */
export function channelMention(id, fallback = "") {
  const channel = store.channel(id);
  if (!channel) return h("span", { class: "mention" }, "#", bdi(fallback || "unknown channel"));
  const sign = channel.kind === "private" ? icon("lock", 13) : "#";
  return h(
    "a",
    { class: "mention", href: `?user=${store.user}#/${id}`, data: { place: id } },
    sign,
    bdi(channelName(channel)),
  );
}

/** @param {string} id @param {string} [fallback] */
export function groupMention(id, fallback = "") {
  const group = store.index.get(id);
  return h("span", { class: "mention" }, "@", bdi(group?.handle || fallback.replace(/^@/, "") || id));
}

/** @param {string} range */
export function broadcastMention(range) {
  return h("span", { class: "mention mention-all" }, `@${range}`);
}

/** Up to two letters; a name without letters gives its first sign. @param {string} name */
function initials(name) {
  const words = name
    .normalize("NFC")
    .split(/\s+/u)
    .filter((word) => /\p{L}|\p{N}/u.test(word));
  const letters = words.map((word) => /** @type {string[]} */ (word.match(/\p{L}|\p{N}/u))[0]);
  const chosen = letters.length > 1 ? [letters[0], letters[letters.length - 1]] : letters;
  return chosen.join("").toUpperCase() || [...name.trim()][0] || "?";
}

const COLOURS = [
  "#0f766e",
  "#9a3412",
  "#6d28d9",
  "#1d4ed8",
  "#a21caf",
  "#3f6212",
  "#b91c1c",
  "#0e7490",
  "#854d0e",
  "#4338ca",
];

/** @param {any} user @param {number} [size] */
export function avatar(user, size = 36) {
  const name = nameOf(user);
  const id = user?.id ?? "";
  const sum = [...id].reduce((total, sign) => (total * 31 + (sign.codePointAt(0) ?? 0)) % 9973, 7);
  const given = /^#?[0-9a-f]{6}$/i.test(user?.color ?? "") ? `#${user.color.replace("#", "")}` : "";
  return h(
    "span",
    {
      class: user?.bot ? "avatar avatar-app" : "avatar",
      style: { "--size": `${size}px`, "--colour": given || COLOURS[sum % COLOURS.length] },
      "aria-hidden": "true",
    },
    user?.bot ? icon("bolt", Math.round(size * 0.6)) : initials(name),
  );
}
