/** The larger blocks: plans, task cards, alerts, cards, containers, tables and videos. */
import { freshId, h } from "./dom.js";
import { icon } from "./icons.js";
import { plainText, safeLink, textObject, wordsOf } from "./mrkdwn.js";
import { picture } from "./picture.js";
import { richText } from "./richtext.js";

/** @typedef {import("./interact.js").Context} Context */

const STATES = { pending: "To do", in_progress: "In progress", complete: "Done", error: "Failed" };

/** @param {string} status @returns {HTMLElement} */
function stateSign(status) {
  const known = status in STATES ? status : "pending";
  const sign = { complete: "check", error: "cross" }[known];
  return h(
    "span",
    { class: `state state-${known}`, role: "img", "aria-label": STATES[known] },
    sign ? icon(sign, 12) : null,
  );
}

/** @param {any} task @param {string} tag */
function task(task, tag) {
  const sources = (task.sources ?? []).map((/** @type {any} */ one) => {
    const href = safeLink(one.url ?? "");
    return href
      ? h(
          "a",
          { class: "source", href, target: "_blank", rel: "noopener noreferrer" },
          icon("link", 13),
          h("bdi", {}, one.text || one.url),
        )
      : null;
  });
  return h(
    tag,
    { class: `task task-${task.status in STATES ? task.status : "pending"}` },
    stateSign(task.status),
    h(
      "div",
      { class: "task-words" },
      h("div", { class: "task-title", dir: "auto" }, ...plainText(task.title)),
      task.details ? h("div", { class: "task-details" }, richText(task.details)) : null,
      task.output ? h("div", { class: "task-output" }, richText(task.output)) : null,
      sources.length ? h("div", { class: "sources" }, sources) : null,
    ),
  );
}

/** @param {any} block */
export function taskCard(block) {
  return h("div", { class: "task-card" }, task(block, "div"));
}

/** @param {any} block */
export function plan(block) {
  const tasks = block.tasks ?? [];
  const done = tasks.filter((/** @type {any} */ one) => one.status === "complete").length;
  return h(
    "section",
    { class: "plan", "aria-label": wordsOf(block.title) },
    h(
      "div",
      { class: "plan-head" },
      h("div", { class: "plan-title", dir: "auto" }, ...plainText(block.title)),
      tasks.length ? h("span", { class: "plan-count" }, `${done} of ${tasks.length}`) : null,
    ),
    tasks.length
      ? h(
          "div",
          { class: "plan-bar", "aria-hidden": "true" },
          h("span", { style: { width: `${(100 * done) / tasks.length}%` } }),
        )
      : null,
    h(
      "ol",
      { class: "tasks" },
      tasks.map((/** @type {any} */ one) => task(one, "li")),
    ),
  );
}

/** @param {any} block */
export function alert(block) {
  const level = ["info", "warning", "error", "success"].includes(block.level) ? block.level : "default";
  const sign = { warning: "warn", error: "warn", success: "check" }[level] ?? "info";
  return h(
    "div",
    { class: `alert alert-${level}`, role: level === "error" ? "alert" : "note" },
    icon(sign),
    textObject(block.text),
  );
}

/** @param {any} block @param {Context} context @param {(element: any, context: Context) => HTMLElement} element */
export function card(block, context, element) {
  return h(
    "article",
    { class: "card" },
    block.hero_image ? picture(block.hero_image, "large") : null,
    h(
      "div",
      { class: "card-head" },
      block.icon ? picture(block.icon, "tiny") : null,
      h(
        "div",
        {},
        block.title ? h("div", { class: "card-title" }, textObject(block.title)) : null,
        block.subtitle ? h("div", { class: "card-subtitle" }, textObject(block.subtitle)) : null,
      ),
    ),
    block.body ? h("div", { class: "card-body" }, textObject(block.body)) : null,
    block.actions?.length
      ? h(
          "div",
          { class: "actions" },
          block.actions.map((/** @type {any} */ one) => element(one, context)),
        )
      : null,
  );
}

/** @param {any} block @param {Context} context @param {(element: any, context: Context) => HTMLElement} element */
export function carousel(block, context, element) {
  return h(
    "div",
    { class: "carousel", tabindex: "0", role: "region", "aria-label": "Cards" },
    (block.elements ?? []).map((/** @type {any} */ one) =>
      card(one, { ...context, blockId: one.block_id ?? context.blockId }, element),
    ),
  );
}

/** @param {any} block @param {Context} context @param {(block: any, context: Context) => HTMLElement} render */
export function container(block, context, render) {
  const inside = h(
    "div",
    { class: "container-inside" },
    (block.child_blocks ?? []).map((/** @type {any} */ one) => render(one, context)),
  );
  const head = h(
    "div",
    { class: "container-head" },
    block.icon ? picture(block.icon, "tiny") : null,
    h(
      "div",
      { class: "card-title" },
      block.rich_text_title ? richText(block.rich_text_title) : textObject(block.title),
    ),
    block.subtitle ? h("div", { class: "card-subtitle" }, textObject(block.subtitle)) : null,
  );
  if (!block.is_collapsible) return h("section", { class: "container" }, head, inside);
  return h(
    "details",
    { class: "container", open: !block.default_collapsed },
    h("summary", {}, icon("right", 16), head),
    inside,
  );
}

/** @param {any} cell */
function cellOf(cell) {
  if (cell?.type === "rich_text") return richText(cell);
  return h("span", { dir: "auto" }, cell?.text ?? cell?.value ?? cell?.number ?? "");
}

/** @param {any} block */
export function table(block) {
  const settings = block.column_settings ?? [];
  const row = (/** @type {any[]} */ cells, /** @type {string} */ tag) =>
    h(
      "tr",
      {},
      cells.map((cell, index) =>
        h(
          tag,
          {
            scope: tag === "th" ? "col" : null,
            class: settings[index]?.is_wrapped ? "wrapped" : "",
            style: settings[index]?.align
              ? { "text-align": settings[index].align }
              : cell?.type === "raw_number"
                ? { "text-align": "right" }
                : {},
          },
          cellOf(cell),
        ),
      ),
    );
  const [first, ...rest] = block.rows ?? [];
  const id = freshId("table");
  return h(
    "div",
    { class: "table-scroll", tabindex: "0", role: "region", "aria-label": wordsOf(block.caption) || "Table", id },
    h(
      "table",
      {},
      block.caption ? h("caption", {}, wordsOf(block.caption)) : null,
      first ? h("thead", {}, row(first, "th")) : null,
      h(
        "tbody",
        {},
        rest.map((/** @type {any[]} */ one) => row(one, "td")),
      ),
    ),
  );
}

/** @param {any} block */
export function video(block) {
  const href = safeLink(block.title_url ?? block.video_url ?? "");
  const title = h("span", { dir: "auto" }, ...plainText(block.title ?? "Video"));
  return h(
    "div",
    { class: "video" },
    block.thumbnail_url
      ? picture({ image_url: block.thumbnail_url, alt_text: block.alt_text }, "thumb")
      : h("span", { class: "picture-missing thumb" }, icon("play")),
    h(
      "div",
      {},
      block.provider_name ? h("div", { class: "card-subtitle", dir: "auto" }, block.provider_name) : null,
      href ? h("a", { href, target: "_blank", rel: "noopener noreferrer" }, icon("play", 14), title) : title,
      block.description ? h("div", { class: "plain", dir: "auto" }, ...plainText(block.description)) : null,
    ),
  );
}
