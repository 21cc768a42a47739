/** Text in all its kinds, and files. */
import { upload } from "./api.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { chose, currentValue, marks, press } from "./interact.js";
import { wordsOf } from "./mrkdwn.js";
import { store } from "./store.js";
import { toast } from "./toast.js";

/** @typedef {import("./interact.js").Context} Context */

const TYPES = { number_input: "text", email_text_input: "email", url_text_input: "url", plain_text_input: "text" };
const MODES = { number_input: "decimal", email_text_input: "email", url_text_input: "url" };

/** @param {any} element @param {Context} context @returns {HTMLElement} */
export function textInput(element, context) {
  const tall = element.multiline || element.type === "rich_text_input";
  const rich = element.type === "rich_text_input";
  const now = currentValue(context, element);
  const when = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const read = () => {
    if (input.value === "") return null;
    return rich ? toRichText(input.value) : input.value;
  };
  const typed = () => {
    store.form(context.key).put(context.blockId, element.action_id, read());
    if (context.dispatch && when.includes("on_character_entered")) press(context, element, { value: read() });
    count();
  };
  const input = h(tall ? "textarea" : "input", {
    class: "input",
    type: tall ? null : (TYPES[element.type] ?? "text"),
    inputmode: MODES[element.type],
    id: context.label,
    placeholder: wordsOf(element.placeholder) || null,
    dir: "auto",
    rows: tall ? "5" : null,
    autocomplete: "off",
    maxlength: element.max_length,
    data: marks(context, element),
    autofocus: element.focus_on_load,
    "aria-label": context.label ? null : wordsOf(element.placeholder) || "Text",
    "aria-describedby": context.describedBy,
    value: rich ? fromRichText(now) : (now ?? ""),
    oninput: typed,
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Enter" || tall || !context.dispatch || !when.includes("on_enter_pressed")) return;
      event.preventDefault();
      press(context, element, { value: read() });
    },
  });
  const counter = h("span", { class: "counter", "aria-hidden": "true" });
  const count = () => {
    const left = Number(element.max_length) - input.value.length;
    counter.textContent = element.max_length && left < 100 ? String(left) : "";
  };
  count();
  return h("span", { class: `text-input${tall ? " tall" : ""}` }, input, counter);
}

/** @param {string} text */
function toRichText(text) {
  return { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }] };
}

/** @param {any} value @returns {string} its words */
function fromRichText(value) {
  const words = (/** @type {any} */ node) =>
    node?.text ?? (node?.elements ?? []).map(words).join(node?.type === "rich_text" ? "\n" : "");
  return value ? words(value) : "";
}

/** @param {any} element @param {Context} context @returns {HTMLElement} */
export function fileInput(element, context) {
  const most = Number(element.max_files ?? 10);
  const list = h("ul", { class: "file-list" });
  const now = () => currentValue(context, element) ?? [];
  const keep = (/** @type {any[]} */ files) => {
    chose(context, element, "files", files);
    show();
  };
  const show = () => {
    fill(
      list,
      ...now().map((/** @type {any} */ file) =>
        h(
          "li",
          {},
          icon("file", 16),
          h("bdi", {}, file.name),
          h(
            "button",
            {
              class: "icon-button",
              type: "button",
              "aria-label": `Remove ${file.name}`,
              onclick: () => keep(now().filter((/** @type {any} */ one) => one.id !== file.id)),
            },
            icon("cross", 14),
          ),
        ),
      ),
    );
  };
  const input = h("input", {
    class: "input-file",
    type: "file",
    id: context.label,
    multiple: most > 1,
    data: marks(context, element),
    accept: element.filetypes?.map((/** @type {string} */ kind) => `.${kind}`).join(",") || null,
    "aria-label": context.label ? null : "Files",
    "aria-describedby": context.describedBy,
    onchange: async () => {
      const chosen = [...(input.files ?? [])];
      input.setAttribute("aria-busy", "true");
      for (const file of chosen) {
        if (now().length >= most) {
          toast(`Only ${most} file${most === 1 ? "" : "s"} can be given here.`, "error");
          break;
        }
        try {
          const stored = await upload(store.user, file, { purpose: "input" });
          keep([...now(), stored]);
        } catch (error) {
          toast(error instanceof Error ? error.message : String(error), "error");
        }
      }
      input.removeAttribute("aria-busy");
      input.value = "";
    },
  });
  show();
  return h("div", { class: "file-input" }, input, list);
}
