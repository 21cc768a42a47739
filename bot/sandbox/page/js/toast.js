/** Short words at the edge of the page: errors stay until closed, other words go by themselves. */
import { h } from "./dom.js";
import { icon } from "./icons.js";

/** @param {string} text @param {"info"|"error"} [kind] */
export function toast(text, kind = "info") {
  const area = document.getElementById("toasts");
  if (!area) return;
  for (const same of [...area.children]) if (same.textContent === text) same.remove();
  const close = () => box.remove();
  const box = h(
    "div",
    { class: `toast toast-${kind}`, role: kind === "error" ? "alert" : null },
    icon(kind === "error" ? "warn" : "info"),
    h("span", { class: "toast-text", dir: "auto" }, text),
    h("button", { class: "icon-button", type: "button", "aria-label": "Dismiss", onclick: close }, icon("cross", 16)),
  );
  area.appendChild(box);
  raise(area);
  while (area.children.length > 4) area.firstElementChild?.remove();
  setTimeout(close, kind === "error" ? 12000 : 4000);
}

/** Put the toasts above an open dialog: the newest of the browser's top layer is the highest. @param {HTMLElement} area */
function raise(area) {
  if (!area.hasAttribute("popover")) area.setAttribute("popover", "manual");
  if (area.matches(":popover-open")) area.hidePopover();
  area.showPopover();
}
