/** Radio buttons and checkboxes. */
import { freshId, h } from "./dom.js";
import { chose, currentValue, marks } from "./interact.js";
import { textObject, wordsOf } from "./mrkdwn.js";

/** @typedef {import("./interact.js").Context} Context */

/** @param {any} element @param {Context} context @returns {HTMLElement} */
export function choices(element, context) {
  const many = element.type === "checkboxes";
  const now = currentValue(context, element);
  const chosen = new Set((many ? (now ?? []) : now ? [now] : []).map((/** @type {any} */ one) => one.value));
  const group = freshId("choice");
  const options = element.options ?? [];
  const changed = () => {
    const picked = options.filter((/** @type {any} */ _one, /** @type {number} */ index) => boxes[index].checked);
    if (many) chose(context, element, "selected_options", picked);
    else chose(context, element, "selected_option", picked[0] ?? null);
  };
  const boxes = options.map((/** @type {any} */ option, /** @type {number} */ index) =>
    h("input", {
      type: many ? "checkbox" : "radio",
      name: group,
      id: `${group}-${index}`,
      onchange: changed,
      checked: chosen.has(option.value),
      data: { ...marks(context, element), focus: `${marks(context, element).focus}|${index}` },
      "aria-describedby": option.description ? `${group}-${index}-more` : null,
    }),
  );
  const rows = options.map((/** @type {any} */ option, /** @type {number} */ index) =>
    h(
      "div",
      { class: "choice" },
      boxes[index],
      h(
        "div",
        { class: "choice-words" },
        h("label", { for: `${group}-${index}` }, textObject(option.text)),
        option.description
          ? h("div", { class: "choice-more", id: `${group}-${index}-more` }, textObject(option.description))
          : null,
      ),
    ),
  );
  return h(
    "div",
    {
      class: "choices",
      role: many ? "group" : "radiogroup",
      "aria-labelledby": context.labelledBy,
      "aria-describedby": context.describedBy,
      "aria-label": context.labelledBy ? null : wordsOf(element.accessibility_label) || "Choices",
    },
    rows,
  );
}
