/** Buttons, overflow menus and feedback buttons of Block Kit. */
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { marks, press } from "./interact.js";
import { openMenu } from "./menu.js";
import { plainText, safeLink, wordsOf } from "./mrkdwn.js";

/** @typedef {import("./interact.js").Context} Context */

/** @param {any} element @param {Context} context */
export function button(element, context) {
  const style = element.style === "primary" ? " button-primary" : element.style === "danger" ? " button-danger" : "";
  const inside = [h("span", { class: "button-text", dir: "auto" }, ...plainText(element.text))];
  const carried = { text: element.text, ...(element.value === undefined ? {} : { value: element.value }) };
  const properties = {
    class: `button${style}`,
    "aria-label": element.accessibility_label,
    data: marks(context, element),
    onclick: () => press(context, element, carried),
  };
  const href = element.url ? safeLink(element.url) : "";
  if (href)
    return h("a", { ...properties, href, target: "_blank", rel: "noopener noreferrer" }, inside, icon("out", 14));
  return h("button", { ...properties, type: "button" }, inside);
}

/** @param {any} element @param {Context} context */
export function overflow(element, context) {
  const entries = (element.options ?? []).map((/** @type {any} */ option) => ({
    label: h("span", { dir: "auto" }, ...plainText(option.text)),
    detail: wordsOf(option.description),
    pick: () => {
      const href = option.url ? safeLink(option.url) : "";
      if (href) window.open(href, "_blank", "noopener");
      press(context, element, { selected_option: option });
    },
  }));
  const opener = h(
    "button",
    {
      class: "button button-icon",
      type: "button",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-label": element.accessibility_label ?? "More actions",
      data: marks(context, element),
      onclick: () => openMenu(opener, entries, { label: "More actions", end: true }),
    },
    icon("dots"),
  );
  return opener;
}

/** @param {any} element @param {Context} context */
export function feedback(element, context) {
  const one = (/** @type {any} */ half, /** @type {string} */ sign) => {
    if (!half) return null;
    const label = half.accessibility_label ?? wordsOf(half.text);
    return h(
      "button",
      {
        class: "button button-quiet",
        type: "button",
        "aria-label": label,
        title: label,
        data: marks(context, element),
        onclick: () => press(context, element, { text: half.text, value: half.value }),
      },
      icon(sign, 16),
    );
  };
  return h(
    "span",
    { class: "feedback" },
    one(element.positive_button, "thumbup"),
    one(element.negative_button, "thumbdown"),
  );
}

/** @param {any} element @param {Context} context */
export function iconButton(element, context) {
  const label = element.accessibility_label ?? wordsOf(element.text);
  return h(
    "button",
    {
      class: "button button-quiet",
      type: "button",
      "aria-label": label,
      title: wordsOf(element.text),
      data: marks(context, element),
      onclick: () => press(context, element, { value: element.value }),
    },
    icon(element.icon === "trash" ? "trash" : "dots", 16),
  );
}
