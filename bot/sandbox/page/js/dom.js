/** Building and keeping elements: the only place of the page that touches attributes. Text is always text. */

/** @typedef {Node|string|number|null|undefined|false} Child */
/** @typedef {{key: string, sig: string, make: () => HTMLElement}} Item  one child of a kept list: rebuilt only when `sig` changes */

const SVG = "http://www.w3.org/2000/svg";
/** @type {WeakMap<Element, {key: string, sig: string}>} */
const kept = new WeakMap();

/**
 * One element. `on…` properties are listeners, `class`, `style` (an object) and `data` (an object) are what they say;
 * other properties are attributes, left out when null, undefined or false.
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...(Child|Child[])} children
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProperty(element, name, value);
  append(element, children);
  return element;
}

/** @param {HTMLElement} element @param {string} name @param {any} value */
function setProperty(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "class") element.className = value;
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
  else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "value") /** @type {any} */ (element).value = value;
  else element.setAttribute(name, value === true ? "" : String(value));
}

/** @param {Node} parent @param {any[]} children */
export function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Paths of one icon; strokes take the text's colour. @param {string} path @param {number} size @returns {SVGElement} */
export function svg(path, size = 20) {
  const root = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({
    viewBox: "0 0 20 20",
    width: size,
    height: size,
    fill: "none",
    stroke: "currentColor",
    "stroke-width": 1.6,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
    class: "icon",
  }))
    root.setAttribute(name, String(value));
  const drawn = document.createElementNS(SVG, "path");
  drawn.setAttribute("d", path);
  root.appendChild(drawn);
  return root;
}

/** A name that people chose, kept from turning its surroundings around. @param {string} text @param {string} [className] */
export function bdi(text, className = "") {
  return h("bdi", className ? { class: className } : {}, text);
}

/**
 * Make `parent` show exactly these items; an element whose key and sig are unchanged stays the same element, so that
 * focus, typed text, open menus and scroll positions in it survive.
 * @param {HTMLElement} parent @param {Item[]} items
 * @returns {boolean} whether anything changed
 */
export function reconcile(parent, items) {
  const old = new Map();
  for (const child of [...parent.children]) {
    const mark = kept.get(child);
    if (mark) old.set(mark.key, child);
    else child.remove();
  }
  const focus = focusMark(parent);
  let changed = false;
  let at = parent.firstElementChild;
  for (const item of items) {
    let node = old.get(item.key);
    old.delete(item.key);
    if (node && kept.get(node)?.sig !== item.sig) {
      const fresh = item.make();
      node.replaceWith(fresh);
      if (at === node) at = fresh;
      node = fresh;
      changed = true;
    } else if (!node) {
      node = item.make();
      changed = true;
    }
    kept.set(node, { key: item.key, sig: item.sig });
    if (node === at) at = at?.nextElementSibling ?? null;
    else parent.insertBefore(node, at);
  }
  for (const gone of old.values()) {
    gone.remove();
    changed = true;
  }
  if (focus) restoreFocus(parent, focus);
  return changed;
}

/** @param {HTMLElement} parent */
function focusMark(parent) {
  const active = /** @type {HTMLElement|null} */ (document.activeElement);
  if (!active || !parent.contains(active) || active === parent) return null;
  const marked = /** @type {HTMLElement|null} */ (active.closest("[data-focus]"));
  return marked ? marked.dataset.focus : null;
}

/** @param {HTMLElement} parent @param {string} mark */
function restoreFocus(parent, mark) {
  if (document.activeElement && parent.contains(document.activeElement)) return;
  const target = /** @type {HTMLElement|null} */ (parent.querySelector(`[data-focus="${CSS.escape(mark)}"]`));
  target?.focus({ preventScroll: true });
}

/** Replace all children. @param {HTMLElement} parent @param {...Child} children */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
}

let counter = 0;
/** A new id for labels. @param {string} prefix */
export function freshId(prefix) {
  counter += 1;
  return `${prefix}-${counter}`;
}

/** Let screen readers say it. @param {string} text */
export function announce(text) {
  const area = document.getElementById("announcer");
  if (!area) return;
  area.appendChild(h("p", {}, text.slice(0, 300)));
  while (area.children.length > 5) area.firstElementChild?.remove();
}
