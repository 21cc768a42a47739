/** What could come next in the message box: commands and their words, people, channels, emoji. */
import { findEmoji } from "./emoji.js";
import { channelName, everybody, nameOf } from "./mentions.js";
import { escapeText } from "./mrkdwn.js";
import { store } from "./store.js";

/**
 * @typedef {{insert: string, label: string, detail: string, usage?: string, sign?: string, user?: any}} Suggestion
 * @typedef {{from: number, typed: string, items: Suggestion[], title: string, usage: string}} Completion
 */

/**
 * The words that a usage hint offers: `run <workflow> | runs | [help]` gives run, runs and help.
 * @param {string} hint @returns {{word: string, rest: string}[]}
 */
export function usageWords(hint) {
  const whole = hint.trim().replace(/^\[([^[\]]*\|[^[\]]*)\]$/, "$1");
  const parts = [];
  let depth = 0;
  let part = "";
  for (const sign of whole) {
    if ("[<({".includes(sign)) depth += 1;
    if ("]>)}".includes(sign)) depth -= 1;
    if (sign === "|" && depth <= 0) {
      parts.push(part);
      part = "";
    } else part += sign;
  }
  parts.push(part);
  if (parts.length === 1 && !/^[a-z][\w-]*$/.test(whole)) return [];
  return parts
    .map((one) => /^\[?([a-z][\w-]*)\]?\s*(.*)$/s.exec(one.trim()))
    .filter((match) => match !== null)
    .map((match) => ({ word: match[1], rest: match[2].trim() }));
}

/** @param {string} text up to the caret @param {boolean} commands whether slash commands can be used here @returns {Completion|null} */
export function complete(text, commands) {
  if (commands && text.startsWith("/")) return ofCommand(text);
  const match = /(?:^|[\s(])([@#:])([\p{L}\p{N}_+.'-]*)$/u.exec(text);
  if (!match) return null;
  const [, sign, typed] = match;
  const items = { "@": people, "#": channels, ":": smileys }[sign]?.(typed.toLocaleLowerCase(), false) ?? [];
  const title = { "@": "People", "#": "Channels", ":": "Emoji" }[sign] ?? "";
  return items.length ? { from: text.length - typed.length - 1, typed: sign + typed, items, title, usage: "" } : null;
}

/** @param {string} text @returns {Completion|null} */
function ofCommand(text) {
  const all = store.state?.commands ?? [];
  const gap = text.search(/\s/);
  if (gap < 0) {
    const items = all
      .filter((one) => one.command.startsWith(text.toLowerCase()))
      .map((one) => ({
        insert: `${one.command} `,
        label: one.command,
        detail: one.description,
        usage: one.usage_hint,
      }));
    return items.length ? { from: 0, typed: text, items, title: "Commands", usage: "" } : null;
  }
  const command = all.find((one) => one.command === text.slice(0, gap).toLowerCase());
  if (!command) return null;
  const rest = text.slice(gap).trimStart();
  const words = usageWords(command.usage_hint ?? "");
  if (!/\s/.test(rest)) {
    const items = words
      .filter((one) => one.word.startsWith(rest.toLowerCase()))
      .map((one) => ({ insert: `${one.word} `, label: one.word, detail: one.rest }));
    const usage = items.length ? "" : words.length ? "" : command.usage_hint;
    return items.length || usage
      ? { from: text.length - rest.length, typed: rest, items, title: command.command, usage }
      : null;
  }
  return insideCommand(
    text,
    command,
    words.find((one) => rest.startsWith(`${one.word} `)),
  );
}

/** @param {string} text @param {import("./types.js").Command} command @param {{word: string, rest: string}|undefined} word @returns {Completion|null} */
function insideCommand(text, command, word) {
  const match = /(?:^|[\s=])([@#])([\p{L}\p{N}_.-]*)$/u.exec(text);
  if (match) {
    const items =
      match[1] === "@" ? people(match[2].toLocaleLowerCase(), true) : channels(match[2].toLocaleLowerCase());
    if (items.length)
      return {
        from: text.length - match[2].length - 1,
        typed: match[1] + match[2],
        items,
        title: command.command,
        usage: "",
      };
  }
  const usage = word ? (word.rest ? `${command.command} ${word.word} ${word.rest}` : "") : command.usage_hint;
  return usage ? { from: text.length, typed: "", items: [], title: command.command, usage } : null;
}

/** @param {string} typed @param {boolean} handles insert handles, as commands want them @returns {Suggestion[]} */
function people(typed, handles) {
  const begins = (/** @type {string} */ part) => part.toLocaleLowerCase().startsWith(typed);
  const users = everybody()
    .filter((one) => [one.name, ...nameOf(one).split(/\s/)].some(begins))
    .map((one) => ({
      insert: `@${handles ? one.name : nameOf(one)} `,
      label: nameOf(one),
      detail: `@${one.name}`,
      user: one,
    }));
  const groups = (store.state?.usergroups ?? [])
    .filter((one) => one.handle.startsWith(typed))
    .map((one) => ({ insert: `@${one.handle} `, label: `@${one.handle}`, detail: one.name, sign: "people" }));
  return [...users, ...groups].slice(0, 8);
}

/** @param {string} typed @returns {Suggestion[]} */
function channels(typed) {
  return (store.state?.channels ?? [])
    .filter((one) => one.kind !== "dm" && !one.archived && one.name.toLocaleLowerCase().includes(typed))
    .map((one) => ({
      insert: `#${channelName(one)} `,
      label: channelName(one),
      detail: one.topic ?? "",
      sign: one.kind === "private" ? "lock" : "hash",
    }))
    .slice(0, 8);
}

/** @param {string} typed @returns {Suggestion[]} */
function smileys(typed) {
  if (typed.length < 2) return [];
  return findEmoji(typed, 8).map(([name, sign]) => ({ insert: `:${name}: `, label: `${sign}  :${name}:`, detail: "" }));
}

/** What a person typed, as Slack keeps it: escaped, and with mentions by id. @param {string} text */
export function wireForm(text) {
  /** @type {[string, string][]} */
  const names = [];
  for (const user of everybody()) {
    for (const name of [nameOf(user), user.name]) names.push([`@${escapeText(name)}`, `<@${user.id}>`]);
  }
  for (const group of store.state?.usergroups ?? [])
    names.push([`@${escapeText(group.handle)}`, `<!subteam^${group.id}>`]);
  for (const channel of store.state?.channels ?? []) {
    if (channel.kind !== "dm") names.push([`#${escapeText(channel.name)}`, `<#${channel.id}>`]);
  }
  for (const range of ["here", "channel", "everyone"]) names.push([`@${range}`, `<!${range}>`]);
  names.sort((one, other) => other[0].length - one[0].length);
  return replaceNames(escapeText(text), names);
}

/** @param {string} text @param {[string, string][]} names longest first @returns {string} */
function replaceNames(text, names) {
  let shown = "";
  let at = 0;
  while (at < text.length) {
    const sign = text[at];
    const free = at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1]);
    const low = sign === "@" || sign === "#" ? text.slice(at, at + 120).toLocaleLowerCase() : "";
    const found =
      low && free
        ? names.find(
            ([name]) =>
              low.startsWith(name.toLocaleLowerCase()) && !/[\p{L}\p{N}_-]/u.test(text[at + name.length] ?? ""),
          )
        : undefined;
    shown += found ? found[1] : sign;
    at += found ? found[0].length : 1;
  }
  return shown;
}
