/** The page of the local workspace: starts, draws, and follows the server's changes. */
import { Centre, Thread } from "./centre.js";
import { append, h } from "./dom.js";
import { markPending } from "./interact.js";
import { Modal } from "./modal.js";
import { addressOf, goChannel, readPlace, userInAddress } from "./route.js";
import { sidebar, topBar } from "./sidebar.js";
import { store } from "./store.js";
import { toast } from "./toast.js";

const told = new Set();

/** Notices that belong to no channel that is shown. */
function drawNotices() {
  for (const notice of store.state?.notices ?? []) {
    const here = store.place.kind === "channel" && store.place.id === notice.channel;
    if (here || told.has(notice.id)) continue;
    if (notice.channel && store.channel(notice.channel)) continue;
    told.add(notice.id);
    toast(notice.text, "error");
    store.act("dismiss", { notice: notice.id });
  }
}

async function start() {
  const parts = [topBar(), sidebar(), new Centre(), new Thread()];
  const modal = new Modal();
  const veil = h("div", { class: "veil", onclick: () => document.getElementById("app")?.classList.remove("nav-open") });
  const app = /** @type {HTMLElement} */ (document.getElementById("app"));
  append(app, [...parts.map((part) => part.node), veil]);
  document.body.appendChild(modal.node);
  store.watch(() => {
    if (!store.state) return;
    if (store.place.kind === "channel" && !store.channel(store.place.id)) readPlace();
    for (const part of parts) part.draw();
    modal.draw();
    drawNotices();
    markPending();
  });
  followPointer();
  followAddress();
  await store.become(userInAddress());
  readPlace();
  window.history.replaceState(null, "", addressOf(store.user, store.place));
  store.draw();
  app.dataset.ready = "true";
}

/** Nothing is redrawn between a press and its release. */
function followPointer() {
  window.addEventListener("pointerdown", () => store.pointer(true), true);
  for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, () => store.pointer(false), true);
  window.addEventListener("blur", (event) => event.target === window && store.pointer(false));
  document.addEventListener("visibilitychange", () => store.pause(document.hidden));
}

/** The browser's Back and Forward, and mentions of channels. */
function followAddress() {
  window.addEventListener("popstate", async () => {
    const user = userInAddress();
    if (user && user !== store.user) await store.become(user);
    readPlace();
    store.draw();
  });
  document.addEventListener("click", (event) => {
    const link =
      event.target instanceof Element ? /** @type {HTMLElement|null} */ (event.target.closest("a[data-place]")) : null;
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    goChannel(link.dataset.place ?? "");
  });
}

start();
