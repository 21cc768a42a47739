/** A menu that opens beside a button and closes by itself: arrow keys move, Escape closes, Enter chooses. */
import { append, h } from "./dom.js";

/** @typedef {{label: Node|string, detail?: string, href?: string, chosen?: boolean, danger?: boolean, pick: () => void}} Entry */

/** Put a floating box below (or above) its anchor, inside the window. @param {HTMLElement} box @param {HTMLElement} anchor @param {{end?: boolean, wide?: boolean}} [options] */
export function place(box, anchor, options = {}) {
  const at = anchor.getBoundingClientRect();
  if (options.wide) box.style.setProperty("min-width", `${at.width}px`);
  const { offsetWidth: width, offsetHeight: height } = box;
  const below = window.innerHeight - at.bottom - 8;
  const top = below >= height || below >= at.top ? at.bottom + 4 : Math.max(8, at.top - height - 4);
  const left = options.end ? at.right - width : at.left;
  box.style.setProperty("top", `${top}px`);
  box.style.setProperty("left", `${Math.max(8, Math.min(left, window.innerWidth - width - 8))}px`);
  box.style.setProperty("max-height", `${Math.max(120, (top > at.top ? window.innerHeight - top : at.top) - 12)}px`);
}

/**
 * @param {HTMLElement} anchor the button that was pressed
 * @param {Entry[]} entries @param {{label: string, end?: boolean, wide?: boolean, className?: string}} options
 */
export function openMenu(anchor, entries, options) {
  const items = entries.map((entry) =>
    h(
      entry.href ? "a" : "button",
      {
        class: `menu-item${entry.danger ? " danger" : ""}`,
        type: entry.href ? null : "button",
        href: entry.href,
        role: entry.chosen === undefined ? "menuitem" : "menuitemradio",
        "aria-checked": entry.chosen === undefined ? null : String(entry.chosen),
        tabindex: "-1",
        onclick: (/** @type {MouseEvent} */ event) => {
          if (entry.href && (event.ctrlKey || event.metaKey || event.shiftKey)) return;
          event.preventDefault();
          box.hidePopover();
          anchor.focus();
          entry.pick();
        },
      },
      h("span", { class: "menu-label" }, entry.label),
      entry.detail ? h("span", { class: "menu-detail", dir: "auto" }, entry.detail) : null,
    ),
  );
  const box = h("div", {
    class: `menu ${options.className ?? ""}`,
    popover: "auto",
    role: "menu",
    "aria-label": options.label,
  });
  append(box, items);
  box.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => walk(event, items, () => box.hidePopover()));
  box.addEventListener("toggle", (/** @type {any} */ event) => {
    anchor.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "closed") {
      if (box.contains(document.activeElement) || document.activeElement === document.body) anchor.focus();
      box.remove();
    }
  });
  (anchor.closest("dialog") ?? document.body).appendChild(box);
  box.showPopover();
  place(box, anchor, options);
  (items.find((_item, index) => entries[index].chosen) ?? items[0])?.focus();
}

/** @param {KeyboardEvent} event @param {HTMLElement[]} items @param {() => void} close */
function walk(event, items, close) {
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
  if (event.key in moves) {
    event.preventDefault();
    items[(moves[event.key] + items.length) % items.length]?.focus();
  } else if (event.key === "Tab") {
    event.preventDefault();
    close();
  }
}
