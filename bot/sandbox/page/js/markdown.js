/** The markdown block: headings, lists, tables, quotes, code and the inline marks of standard Markdown. */
import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { channelMention, groupMention, userMention } from "./mentions.js";
import { emojiPiece, link, unescapeText } from "./mrkdwn.js";

/** @typedef {Node|string} Piece */

/** What can begin at a position inside a line; the first that matches wins. */
const RULES = [
  { pattern: /^\\([\\`*_{}[\]()#+\-.!~|<>&])/, make: (m) => m[1] },
  { pattern: /^(`+)(.+?)\1(?!`)/s, make: (m) => h("code", {}, unescapeText(m[2].trim())) },
  { pattern: /^!\[([^\]]*)\]\((\S+?)(?: "[^"]*")?\)/, make: (m) => link(m[2], m[1] || m[2]) },
  { pattern: /^\[((?:[^\][]|\[[^\]]*\])+)\]\((\S+?)(?: "[^"]*")?\)/, make: (m, deep) => link(m[2], ...deep(m[1])) },
  { pattern: /^<@([UWB][A-Z0-9]+)(?:\|([^>]*))?>/, make: (m) => userMention(m[1], m[2]) },
  { pattern: /^<#([CGD][A-Z0-9]+)(?:\|([^>]*))?>/, make: (m) => channelMention(m[1], m[2]) },
  { pattern: /^<!subteam\^(S[A-Z0-9]+)(?:\|([^>]*))?>/, make: (m) => groupMention(m[1], m[2]) },
  { pattern: /^<((?:https?:\/\/|mailto:)[^\s<>|]+)(?:\|([^>]*))?>/, make: (m) => link(m[1], m[2] || m[1]) },
  { pattern: /^(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]'*_])/, make: (m) => link(m[1], m[1]) },
  { pattern: /^\*\*\*(\S(?:.*?\S)?)\*\*\*/s, make: (m, deep) => h("strong", {}, h("em", {}, ...deep(m[1]))) },
  { pattern: /^\*\*(\S(?:.*?\S)?)\*\*/s, make: (m, deep) => h("strong", {}, ...deep(m[1])) },
  { pattern: /^__(\S(?:.*?\S)?)__/s, make: (m, deep) => h("strong", {}, ...deep(m[1])), word: true },
  { pattern: /^~~(\S(?:.*?\S)?)~~/s, make: (m, deep) => h("s", {}, ...deep(m[1])) },
  { pattern: /^\*(\S(?:[^*]*?\S)?)\*/s, make: (m, deep) => h("em", {}, ...deep(m[1])) },
  { pattern: /^_(\S(?:[^_]*?\S)?)_(?![\p{L}\p{N}])/su, make: (m, deep) => h("em", {}, ...deep(m[1])), word: true },
];

/** @param {string} text @param {number} [depth] @returns {Piece[]} */
function inline(text, depth = 0) {
  /** @type {Piece[]} */
  const pieces = [];
  const deep = (/** @type {string} */ inside) => inline(inside, depth + 1);
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const found = depth > 6 ? null : ruleAt(text, at);
    const smiley = found ? null : /^:([a-z0-9_+'-]+):/.exec(text.slice(at, at + 60));
    const sign = smiley && emoji(smiley[1]);
    if (!found && !sign) {
      plain += text[at];
      at += 1;
      continue;
    }
    if (plain) pieces.push(unescapeText(plain));
    plain = "";
    if (found) pieces.push(found.rule.make(found.match, deep));
    else if (smiley && sign) pieces.push(emojiPiece(sign, smiley[1]));
    at += found ? found.match[0].length : /** @type {RegExpExecArray} */ (smiley)[0].length;
  }
  if (plain) pieces.push(unescapeText(plain));
  return pieces;
}

/** @param {string} text @param {number} at */
function ruleAt(text, at) {
  if (!/[\\`!\[<h*_~]/.test(text[at])) return null;
  const rest = text.slice(at, at + 4000);
  const inWord = at > 0 && /[\p{L}\p{N}]/u.test(text[at - 1]);
  for (const rule of RULES) {
    if (inWord && (rule.word || text[at] === "h")) continue;
    const match = rule.pattern.exec(rest);
    if (match) return { rule, match };
  }
  return null;
}

const ITEM = /^( *)([-*+]|\d{1,9}[.)]) +(.*)$/;

/** @param {string} text @returns {HTMLElement} */
export function markdown(text) {
  const root = h("div", { class: "markdown", dir: "auto" });
  const lines = String(text ?? "")
    .replaceAll("\r", "")
    .split("\n");
  let at = 0;
  while (at < lines.length) at = blockAt(lines, at, root);
  return root;
}

/** Put the block that begins at a line into `root`. @param {string[]} lines @param {number} at @param {HTMLElement} root @returns {number} the next line */
function blockAt(lines, at, root) {
  const line = lines[at];
  if (!line.trim()) return at + 1;
  const fence = /^ {0,3}(`{3,}|~{3,})/.exec(line);
  if (fence) return fenced(lines, at, fence[1], root);
  const heading = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/.exec(line);
  if (heading) {
    root.appendChild(
      h(
        "div",
        {
          role: "heading",
          "aria-level": String(heading[1].length + 2),
          class: `md-h md-h${heading[1].length}`,
          dir: "auto",
        },
        ...inline(heading[2]),
      ),
    );
    return at + 1;
  }
  if (/^ {0,3}([-*_])(?: *\1){2,} *$/.test(line)) {
    root.appendChild(h("hr"));
    return at + 1;
  }
  if (/^ {0,3}>/.test(line)) return quoted(lines, at, root);
  if (ITEM.test(line)) return list(lines, at, root);
  if (line.includes("|") && /^\s*\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?\s*$/.test(lines[at + 1] ?? ""))
    return table(lines, at, root);
  return paragraph(lines, at, root);
}

/** @param {string[]} lines @param {number} at @param {string} mark @param {HTMLElement} root */
function fenced(lines, at, mark, root) {
  let end = at + 1;
  while (end < lines.length && !lines[end].trim().startsWith(mark)) end += 1;
  root.appendChild(h("pre", {}, h("code", {}, unescapeText(lines.slice(at + 1, end).join("\n")))));
  return end + 1;
}

/** @param {string[]} lines @param {number} at @param {HTMLElement} root */
function quoted(lines, at, root) {
  const inside = [];
  let end = at;
  while (end < lines.length && /^ {0,3}>/.test(lines[end])) {
    inside.push(lines[end].replace(/^ {0,3}> ?/, ""));
    end += 1;
  }
  root.appendChild(h("blockquote", { dir: "auto" }, markdown(inside.join("\n"))));
  return end;
}

/** @param {string[]} lines @param {number} at @param {HTMLElement} root */
function list(lines, at, root) {
  const first = /** @type {RegExpExecArray} */ (ITEM.exec(lines[at]));
  const indent = first[1].length;
  const numbered = /\d/.test(first[2]);
  const holder = h(numbered ? "ol" : "ul", { start: numbered ? Number.parseInt(first[2], 10) : null });
  let end = at;
  while (end < lines.length) {
    const match = ITEM.exec(lines[end]);
    if (!match || match[1].length < indent || /\d/.test(match[2]) !== numbered) break;
    const inside = [match[3]];
    end += 1;
    while (end < lines.length && lines[end].trim() && lines[end].search(/\S/) > indent) {
      inside.push(lines[end].slice(Math.min(indent + 2, lines[end].search(/\S/))));
      end += 1;
    }
    holder.appendChild(item(inside));
  }
  root.appendChild(holder);
  return end === at ? at + 1 : end;
}

/** @param {string[]} lines */
function item(lines) {
  const box = /^\[([ xX])\] (.*)$/.exec(lines[0]);
  const element = h("li", { dir: "auto" }, ...inline(box ? `${box[1] === " " ? "☐" : "☑"} ${box[2]}` : lines[0]));
  if (lines.length > 1) element.appendChild(markdown(lines.slice(1).join("\n")));
  return element;
}

/** @param {string} line @returns {string[]} */
function cells(line) {
  return line
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/** @param {string[]} lines @param {number} at @param {HTMLElement} root */
function table(lines, at, root) {
  const sides = cells(lines[at + 1]).map((mark) =>
    /^:.*:$/.test(mark) ? "center" : mark.endsWith(":") ? "right" : "",
  );
  const row = (/** @type {string} */ line, /** @type {string} */ tag) =>
    h(
      "tr",
      {},
      cells(line).map((cell, index) =>
        h(tag, { dir: "auto", style: sides[index] ? { "text-align": sides[index] } : {} }, ...inline(cell)),
      ),
    );
  const body = h("tbody");
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|")) {
    body.appendChild(row(lines[end], "td"));
    end += 1;
  }
  root.appendChild(
    h(
      "div",
      { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Table" },
      h("table", {}, h("thead", {}, row(lines[at], "th")), body),
    ),
  );
  return end;
}

/** @param {string[]} lines @param {number} at @param {HTMLElement} root */
function paragraph(lines, at, root) {
  let end = at + 1;
  while (
    end < lines.length &&
    lines[end].trim() &&
    !/^ {0,3}(#{1,6}\s|>|`{3}|~{3})/.test(lines[end]) &&
    !ITEM.test(lines[end])
  )
    end += 1;
  const element = h("p", { dir: "auto" });
  lines.slice(at, end).forEach((line, index) => {
    if (index) element.appendChild(h("br"));
    element.append(...inline(line.trim()));
  });
  root.appendChild(element);
  return end;
}
