/** Block Kit: the blocks of messages, modals and the home, each as one element. */
import { button, feedback, iconButton, overflow } from "./buttons.js";
import { choices } from "./choices.js";
import { freshId, h, reconcile } from "./dom.js";
import { markdown } from "./markdown.js";
import { plainText, textObject, wordsOf } from "./mrkdwn.js";
import { picker } from "./pickers.js";
import { picture } from "./picture.js";
import { richText } from "./richtext.js";
import { alert, card, carousel, container, plan, table, taskCard, video } from "./richblocks.js";
import { select } from "./select.js";
import { fileInput, textInput } from "./textinputs.js";

/** @typedef {import("./interact.js").Context} Context */

/** @type {Record<string, (element: any, context: Context) => HTMLElement>} */
const ELEMENTS = {
  button,
  workflow_button: button,
  overflow,
  feedback_buttons: feedback,
  icon_button: iconButton,
  radio_buttons: choices,
  checkboxes: choices,
  datepicker: picker,
  timepicker: picker,
  datetimepicker: picker,
  plain_text_input: textInput,
  number_input: textInput,
  email_text_input: textInput,
  url_text_input: textInput,
  rich_text_input: textInput,
  file_input: fileInput,
  static_select: select,
  external_select: select,
  users_select: select,
  conversations_select: select,
  channels_select: select,
  multi_static_select: select,
  multi_external_select: select,
  multi_users_select: select,
  multi_conversations_select: select,
  multi_channels_select: select,
  image: (element) => picture(element, "thumb"),
};

/** @param {any} element @param {Context} context @returns {HTMLElement} */
export function renderElement(element, context) {
  return ELEMENTS[element?.type]?.(element, context) ?? unsupported(`element: ${element?.type}`);
}

/** @type {Record<string, (block: any, context: Context) => HTMLElement>} */
const BLOCKS = {
  section,
  header,
  context: contextBlock,
  actions,
  image: imageBlock,
  input,
  divider: () => h("hr", { class: "divider" }),
  rich_text: (block) => richText(block),
  markdown: (block) => markdown(block.text),
  context_actions: actions,
  plan,
  task_card: taskCard,
  alert,
  video,
  table,
  data_table: table,
  card: (block, context) => card(block, context, renderElement),
  carousel: (block, context) => carousel(block, context, renderElement),
  container: (block, context) => container(block, context, renderBlock),
  file: (block) => h("div", { class: "plain" }, `File ${block.external_id ?? ""}`),
};

/** @param {string} what */
function unsupported(what) {
  return h("div", { class: "unsupported" }, h("span", {}, "Unsupported "), h("code", {}, what.slice(0, 80)));
}

/** @param {any} block @param {Context} context @returns {HTMLElement} */
export function renderBlock(block, context) {
  const here = { ...context, blockId: block?.block_id ?? "" };
  let shown;
  try {
    shown = BLOCKS[block?.type]?.(block, here) ?? unsupported(`block: ${block?.type}`);
  } catch {
    shown = unsupported(`block: ${block?.type} (it is not well-formed)`);
  }
  return h(
    "div",
    { class: `block block-${block?.type in BLOCKS ? block.type : "unknown"}`, data: { block: block?.block_id ?? "" } },
    shown,
  );
}

/**
 * Show blocks in `parent`, keeping the elements of those that did not change.
 * @param {HTMLElement} parent @param {any[]} blocks @param {Context} context @param {string} [salt] what else they depend on
 */
export function renderBlocks(parent, blocks, context, salt = "") {
  const seen = new Map();
  return reconcile(
    parent,
    blocks.map((block, index) => {
      const name = block.block_id ?? `at ${index}`;
      const count = seen.get(name) ?? 0;
      seen.set(name, count + 1);
      return { key: `${name}#${count}`, sig: JSON.stringify(block) + salt, make: () => renderBlock(block, context) };
    }),
  );
}

/** @param {any} block @param {Context} context */
function section(block, context) {
  const words = h("div", { class: "section-words" });
  if (block.text) words.appendChild(textObject(block.text));
  if (block.fields?.length)
    words.appendChild(
      h(
        "div",
        { class: "fields" },
        block.fields.map((/** @type {any} */ one) => h("div", { class: "field" }, textObject(one))),
      ),
    );
  if (!block.accessory) return words;
  const kind =
    block.accessory.type === "image" ? "image" : /button|overflow/.test(block.accessory.type) ? "small" : "input";
  return h(
    "div",
    { class: `section with-${kind}` },
    words,
    h("div", { class: "accessory" }, renderElement(block.accessory, context)),
  );
}

/** @param {any} block */
function header(block) {
  return h("div", { class: "header", role: "heading", "aria-level": "3", dir: "auto" }, ...plainText(block.text));
}

/** @param {any} block */
function contextBlock(block) {
  return h(
    "div",
    { class: "context" },
    (block.elements ?? []).map((/** @type {any} */ one) =>
      one.type === "image" ? picture(one, "tiny") : textObject(one),
    ),
  );
}

/** @param {any} block @param {Context} context */
function actions(block, context) {
  return h(
    "div",
    { class: "actions" },
    (block.elements ?? []).map((/** @type {any} */ one) => renderElement(one, context)),
  );
}

/** @param {any} block */
function imageBlock(block) {
  const title = block.title ? h("figcaption", { dir: "auto" }, ...plainText(block.title)) : null;
  return h("figure", { class: "image" }, title, picture(block, "large"));
}

/** @param {any} block @param {Context} context */
function input(block, context) {
  const id = freshId("field");
  const group = /radio_buttons|checkboxes/.test(block.element?.type);
  const here = {
    ...context,
    dispatch: Boolean(block.dispatch_action),
    describedBy: `${id}-hint ${id}-error`,
    ...(group ? { labelledBy: `${id}-label` } : { label: id }),
  };
  const label = h(
    group ? "div" : "label",
    { class: "field-label", for: group ? null : id, id: `${id}-label`, dir: "auto" },
    ...plainText(block.label),
    block.optional ? h("span", { class: "optional" }, " (optional)") : null,
  );
  return h(
    "div",
    { class: "form-field" },
    label,
    renderElement(block.element, here),
    h(
      "div",
      { class: "field-hint", id: `${id}-hint`, dir: "auto", hidden: !wordsOf(block.hint) },
      ...plainText(block.hint ?? ""),
    ),
    h("div", { class: "field-error", id: `${id}-error`, role: "alert", dir: "auto" }),
  );
}
