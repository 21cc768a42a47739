/** Where the tab looks, kept in its address: `?user=U…#/C…/thread` or `#/home`, so that Back and reloading work. */
import { store } from "./store.js";

/** @returns {string} the person that the address names, or "" */
export function userInAddress() {
  return new URLSearchParams(window.location.search).get("user") ?? "";
}

/** @param {string} user @param {import("./store.js").Place} place */
export function addressOf(user, place) {
  const hash = place.kind === "home" ? "#/home" : `#/${place.id}${place.thread ? `/${place.thread}` : ""}`;
  return `/?user=${encodeURIComponent(user)}${hash}`;
}

/** Read the place from the address; without one, the first channel that the person is in. */
export function readPlace() {
  const [id, thread] = window.location.hash.replace(/^#\/?/, "").split("/");
  if (id === "home") store.place = { kind: "home" };
  else if (id && store.channel(id)) store.place = { kind: "channel", id, thread: thread ?? "" };
  else store.place = { kind: "channel", id: firstChannel(), thread: "" };
}

/** @returns {string} */
function firstChannel() {
  const channels = store.state?.channels.filter((one) => one.kind !== "dm" && one.member && !one.archived) ?? [];
  return (channels.find((one) => one.unread > 0) ?? channels[0])?.id ?? "";
}

/** Look somewhere else. @param {import("./store.js").Place} place @param {boolean} [replace] */
export function go(place, replace = false) {
  store.place = place;
  const address = addressOf(store.user, place);
  if (replace) window.history.replaceState(null, "", address);
  else window.history.pushState(null, "", address);
  document.getElementById("app")?.classList.remove("nav-open");
  store.draw();
}

/** @param {string} id */
export function goChannel(id) {
  go({ kind: "channel", id, thread: "" });
}

/** @param {string} channel @param {string} ts */
export function goThread(channel, ts) {
  go({ kind: "channel", id: channel, thread: ts });
}
