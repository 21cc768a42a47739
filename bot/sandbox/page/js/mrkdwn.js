/** Slack's mrkdwn as elements. Everything that is not markup stays text: nothing here parses HTML. */
import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { broadcastMention, channelMention, groupMention, userMention } from "./mentions.js";
import { slackDate } from "./time.js";

/** @typedef {Node|string} Piece */

const MARKS = { "*": "strong", _: "em", "~": "s" };
const WORD = /[\p{L}\p{N}]/u;
const DEEPEST = 6;

/** @param {string} text the three entities that Slack knows */
export function unescapeText(text) {
  return text.replace(/&(amp|lt|gt);/g, (_all, name) => ({ amp: "&", lt: "<", gt: ">" })[name] ?? "");
}

/** @param {string} text @returns {string} as Slack wants it inside messages */
export function escapeText(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** @param {string} address @returns {string} the address when it is safe to follow, else "" */
export function safeLink(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : "";
  } catch {
    return "";
  }
}

/** @param {string} address @param {Piece[]} shown */
export function link(address, ...shown) {
  const href = safeLink(address);
  if (!href) return h("span", {}, ...shown);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow", dir: "auto" }, ...shown);
}

/** What stands between < and >. @param {string} inside @returns {Piece} */
function special(inside) {
  const bar = inside.indexOf("|");
  const head = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : unescapeText(inside.slice(bar + 1));
  if (/^@[UWB]/.test(head)) return userMention(head.slice(1), label);
  if (/^#C|^#G|^#D/.test(head)) return channelMention(head.slice(1), label);
  if (head.startsWith("!subteam^")) return groupMention(head.slice(9), label);
  if (/^!(here|channel|everyone)$/.test(head)) return broadcastMention(head.slice(1));
  if (head.startsWith("!date^")) {
    const [seconds, format, address] = head.slice(6).split("^");
    const shown = slackDate(Number(seconds), format ?? "", label);
    const time = h("time", { title: label }, shown);
    return address ? link(unescapeText(address), time) : time;
  }
  if (head.startsWith("!")) return label || `<${inside}>`;
  const address = unescapeText(head);
  return safeLink(address) ? link(address, label || address.replace(/^mailto:/, "")) : unescapeText(`<${inside}>`);
}

/** Where a mark that opens at `start` closes, or -1. @param {string} text @param {number} start @param {string} mark */
function closing(text, start, mark) {
  const before = start > 0 ? text[start - 1] : "";
  const next = text[start + 1] ?? "";
  if ((before && (WORD.test(before) || before === mark)) || !next || /\s/.test(next) || next === mark) return -1;
  const line = text.indexOf("\n", start);
  const stop = line < 0 ? text.length : line;
  for (let end = text.indexOf(mark, start + 2); end > 0 && end < stop; end = text.indexOf(mark, end + 1)) {
    const after = text[end + 1] ?? "";
    if (!/\s/.test(text[end - 1]) && !(after && (WORD.test(after) || after === mark))) return end;
  }
  return -1;
}

/**
 * @param {string} text @param {{links?: boolean, depth?: number}} [options] links: make bare addresses links
 * @returns {Piece[]}
 */
export function inline(text, options = {}) {
  const depth = options.depth ?? 0;
  /** @type {Piece[]} */
  const pieces = [];
  let plain = "";
  const flush = () => {
    if (plain) pieces.push(...plainPieces(plain, options.links !== false));
    plain = "";
  };
  let at = 0;
  while (at < text.length) {
    const found = markupAt(text, at, depth);
    if (found) {
      flush();
      pieces.push(found.piece);
      at = found.next;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  flush();
  return pieces;
}

/** @param {string} text @param {number} at @param {number} depth @returns {{piece: Piece, next: number}|null} */
function markupAt(text, at, depth) {
  const sign = text[at];
  if (sign === "<") {
    const end = text.indexOf(">", at);
    if (end > at + 1 && !text.slice(at + 1, end).includes("\n"))
      return { piece: special(text.slice(at + 1, end)), next: end + 1 };
  } else if (sign === "`") {
    const end = text.indexOf("`", at + 1);
    const inside = text.slice(at + 1, end);
    if (end > at + 1 && !inside.includes("\n")) return { piece: h("code", {}, unescapeText(inside)), next: end + 1 };
  } else if (sign in MARKS && depth < DEEPEST) {
    const end = closing(text, at, sign);
    if (end > 0)
      return { piece: h(MARKS[sign], {}, ...inline(text.slice(at + 1, end), { depth: depth + 1 })), next: end + 1 };
  } else if (sign === ":") {
    const match = /^:([a-z0-9_+'-]+(?:::skin-tone-\d)?):/.exec(text.slice(at, at + 80));
    const shown = match && emoji(match[1]);
    if (match && shown) return { piece: emojiPiece(shown, match[1]), next: at + match[0].length };
  }
  return null;
}

/** @param {string} sign @param {string} name */
export function emojiPiece(sign, name) {
  return h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` }, sign);
}

/** @param {string} text @param {boolean} links @returns {Piece[]} */
function plainPieces(text, links) {
  const shown = unescapeText(text);
  if (!links || !shown.includes("://")) return [shown];
  return shown
    .split(/(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]'])/)
    .map((part, index) => (index % 2 ? link(part, part) : part));
}

/** @param {string} line @returns {{level: number, marker: string, rest: string}|null} */
function listLine(line) {
  const match = /^( {0,12})([•◦▪‣-]|\d{1,3}[.)])[ \t]+(\S.*)$/.exec(line);
  return (
    match && {
      level: Math.min(3, Math.floor(match[1].length / 2)),
      marker: match[2] === "-" ? "•" : match[2],
      rest: match[3],
    }
  );
}

/** A whole text with its lines, quotes and code. @param {string} text @returns {HTMLElement} */
export function mrkdwn(text) {
  const root = h("div", { class: "mrkdwn", dir: "auto" });
  String(text ?? "")
    .split(/```/)
    .forEach((part, index, all) => {
      if (index % 2 && index < all.length - 1) {
        root.appendChild(h("pre", {}, h("code", {}, unescapeText(part.replace(/^\n|\n$/g, "")))));
      } else {
        const lines = index % 2 ? `\`\`\`${part}` : index ? part.replace(/^\n/, "") : part;
        if (lines) paragraphs(root, lines);
      }
    });
  return root;
}

/** @param {HTMLElement} root @param {string} text */
function paragraphs(root, text) {
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const quoted = /^(?:&gt;|>) ?(.*)$/.exec(line);
    const item = quoted ? null : listLine(line);
    if (quoted) goOn(root, "blockquote", "quote", quoted[1]);
    else if (item) {
      const words = h("span", {}, ...inline(item.rest));
      root.appendChild(
        h(
          "div",
          { class: `bullet bullet-${item.level}`, dir: "auto" },
          h("span", { class: "bullet-sign" }, item.marker),
          words,
        ),
      );
    } else if (line.trim()) goOn(root, "div", "line", line);
    else root.appendChild(h("div", { class: "gap" }));
  }
}

/** Add a line to the element before it when that is of the same sort. @param {HTMLElement} root @param {string} tag @param {string} sort @param {string} line */
function goOn(root, tag, sort, line) {
  const last = root.lastElementChild;
  const open = last?.classList.contains(sort) ? last : root.appendChild(h(tag, { class: sort, dir: "auto" }));
  if (open.hasChildNodes()) open.appendChild(h("br"));
  open.append(...inline(line));
}

/** A text object, or a bare string, as elements. @param {any} text @returns {HTMLElement} */
export function textObject(text) {
  if (text && typeof text === "object" && text.type === "mrkdwn") return mrkdwn(text.text ?? "");
  return h("div", { class: "plain", dir: "auto" }, ...plainText(text));
}

/** plain_text knows emoji and nothing else. @param {any} text @returns {Piece[]} */
export function plainText(text) {
  const words = typeof text === "string" ? text : (text?.text ?? "");
  if (typeof text === "object" && text?.emoji === false) return [words];
  return words.split(/(:[a-z0-9_+'-]+:)/).map((part, index) => {
    const sign = index % 2 ? emoji(part.slice(1, -1)) : undefined;
    return sign ? emojiPiece(sign, part.slice(1, -1)) : part;
  });
}

/** The words of a text object. @param {any} text @returns {string} */
export function wordsOf(text) {
  return typeof text === "string" ? text : (text?.text ?? "");
}
