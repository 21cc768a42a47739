/** rich_text blocks: sections, lists, quotes, preformatted text and all elements in them. */
import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { broadcastMention, channelMention, groupMention, userMention } from "./mentions.js";
import { emojiPiece, link } from "./mrkdwn.js";
import { store } from "./store.js";
import { slackDate } from "./time.js";

/** @param {any} element @returns {Node|string} */
function leaf(element) {
  switch (element.type) {
    case "text":
      return styled(element.text ?? "", element.style);
    case "link":
      return styled(link(element.url ?? "", element.text || element.url), element.style);
    case "emoji":
      return emojiLeaf(element);
    case "user":
      return styled(userMention(element.user_id), element.style);
    case "channel":
      return styled(channelMention(element.channel_id), element.style);
    case "usergroup":
      return styled(groupMention(element.usergroup_id), element.style);
    case "team":
      return styled(h("span", { class: "mention" }, store.state?.team.name ?? element.team_id), element.style);
    case "broadcast":
      return styled(broadcastMention(element.range ?? "here"), element.style);
    case "date":
      return dateLeaf(element);
    case "color":
      return colour(element.value ?? "");
    default:
      return h("span", { class: "unsupported-inline" }, element.text ?? `(${element.type})`);
  }
}

/** @param {any} element */
function emojiLeaf(element) {
  const name = element.name ?? "";
  let sign = emoji(name);
  if (!sign && element.unicode) {
    try {
      sign = String.fromCodePoint(
        ...element.unicode.split("-").map((/** @type {string} */ part) => Number.parseInt(part, 16)),
      );
    } catch {
      sign = undefined;
    }
  }
  return sign ? emojiPiece(sign, name) : `:${name}:`;
}

/** @param {any} element */
function dateLeaf(element) {
  const shown = h("time", {}, slackDate(Number(element.timestamp), element.format ?? "{date}", element.fallback ?? ""));
  return styled(element.url ? link(element.url, shown) : shown, element.style);
}

/** @param {string} value */
function colour(value) {
  const swatch = /^#[0-9a-f]{3,8}$/i.test(value) ? h("span", { class: "swatch", style: { background: value } }) : null;
  return h("span", { class: "colour" }, value, swatch);
}

/** @param {Node|string} inside @param {Record<string, boolean>|undefined} style */
function styled(inside, style) {
  let node = inside;
  if (style?.code) node = h("code", {}, node);
  if (style?.strike) node = h("s", {}, node);
  if (style?.underline) node = h("u", {}, node);
  if (style?.italic) node = h("em", {}, node);
  if (style?.bold) node = h("strong", {}, node);
  return node;
}

/** Text that keeps its own line breaks. @param {any[]} elements */
function section(elements) {
  return h("div", { class: "rich-section", dir: "auto" }, (elements ?? []).map(leaf));
}

/** @param {any} element @returns {HTMLElement} */
function part(element) {
  switch (element.type) {
    case "rich_text_section":
      return section(element.elements);
    case "rich_text_list":
      return h(
        element.style === "ordered" ? "ol" : "ul",
        {
          class: `rich-list level-${Math.min(Number(element.indent ?? 0), 5)}`,
          start: element.offset ? Number(element.offset) + 1 : null,
        },
        (element.elements ?? []).map((/** @type {any} */ one) => h("li", { dir: "auto" }, part(one))),
      );
    case "rich_text_quote":
      return h("blockquote", { dir: "auto" }, section(element.elements));
    case "rich_text_preformatted":
      return h(
        "pre",
        {},
        h(
          "code",
          {},
          (element.elements ?? []).map((/** @type {any} */ one) => one.text ?? one.url ?? ""),
        ),
      );
    default:
      return h("div", { class: "unsupported" }, `Unsupported text: ${element.type}`);
  }
}

/** @param {any} block @returns {HTMLElement} */
export function richText(block) {
  return h("div", { class: "rich-text", dir: "auto" }, (block?.elements ?? []).map(part));
}
