/** Times as the person at the keyboard reads them: in their own time zone when the workspace says which. */
import { store } from "./store.js";

/** @returns {string|undefined} */
function zone() {
  return store.me?.tz || undefined;
}

/** @param {Date} date @param {Intl.DateTimeFormatOptions} options */
function format(date, options) {
  try {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone() }).format(date);
  } catch {
    return new Intl.DateTimeFormat("en-GB", options).format(date);
  }
}

/** @param {string} ts Slack's timestamp @returns {Date} */
export function dateOf(ts) {
  return new Date(Number.parseFloat(ts) * 1000);
}

/** @param {Date} date @returns {string} year-month-day in the person's zone */
export function dayOf(date) {
  const parts = Object.fromEntries(partsOf(date).map((part) => [part.type, part.value]));
  return `${parts.year}-${parts.month}-${parts.day}`;
}

/** @param {Date} date */
function partsOf(date) {
  /** @type {Intl.DateTimeFormatOptions} */
  const options = {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  };
  try {
    return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone() }).formatToParts(date);
  } catch {
    return new Intl.DateTimeFormat("en-GB", options).formatToParts(date);
  }
}

/** @param {Date} date */
export function clock(date) {
  return format(date, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** @param {Date} date */
export function full(date) {
  return format(date, { dateStyle: "full", timeStyle: "medium" });
}

/** @param {Date} date @returns {string} Today, Yesterday, or the day's date */
export function dayName(date) {
  const relative = relativeDay(date);
  return relative || format(date, { weekday: "long", day: "numeric", month: "long" });
}

/** @param {Date} date */
function relativeDay(date) {
  const day = 24 * 3600 * 1000;
  const now = Date.now();
  if (dayOf(date) === dayOf(new Date(now))) return "Today";
  if (dayOf(date) === dayOf(new Date(now - day))) return "Yesterday";
  if (dayOf(date) === dayOf(new Date(now + day))) return "Tomorrow";
  return "";
}

/** @param {Date} date @returns {string} 5 minutes ago, in 2 hours */
export function ago(date) {
  const seconds = Math.round((date.getTime() - Date.now()) / 1000);
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const [unit, size] of /** @type {[Intl.RelativeTimeFormatUnit, number][]} */ ([
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
  ]))
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  return words.format(seconds, "second");
}

/** @type {Record<string, (date: Date) => string>} */
const TOKENS = {
  date_num: (date) => dayOf(date),
  date_slash: (date) => dayOf(date).replaceAll("-", "/"),
  date: (date) => format(date, { day: "numeric", month: "long", year: "numeric" }),
  date_short: (date) => format(date, { day: "numeric", month: "short", year: "numeric" }),
  date_long: (date) => format(date, { weekday: "long", day: "numeric", month: "long", year: "numeric" }),
  date_long_full: (date) => format(date, { weekday: "long", day: "numeric", month: "long", year: "numeric" }),
  time: clock,
  time_secs: (date) => format(date, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }),
  ago,
  day_divider_pretty: dayName,
};
for (const name of ["date", "date_short", "date_long"]) {
  TOKENS[`${name}_pretty`] = (date) => relativeDay(date) || TOKENS[name](date);
}

/** Slack's `<!date^…>` format. @param {number} seconds @param {string} pattern @param {string} fallback */
export function slackDate(seconds, pattern, fallback) {
  const date = new Date(seconds * 1000);
  if (!Number.isFinite(seconds) || Number.isNaN(date.getTime())) return fallback;
  let known = true;
  const shown = pattern.replace(/\{([a-z_]+)\}/g, (_all, name) => {
    if (!(name in TOKENS)) known = false;
    return TOKENS[name]?.(date) ?? "";
  });
  return known ? shown : fallback;
}

/** @param {number} seconds @returns {string} what a datetime-local input shows for it */
export function localInput(seconds) {
  const parts = Object.fromEntries(partsOf(new Date(seconds * 1000)).map((part) => [part.type, part.value]));
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}

/** @param {string} text of a datetime-local input @returns {number|null} seconds since 1970 */
export function fromLocalInput(text) {
  const asUtc = Date.parse(`${text}:00Z`.replace(/(T\d\d:\d\d):\d\d:00Z$/, "$1:00Z"));
  if (Number.isNaN(asUtc)) return null;
  let guess = asUtc;
  for (let round = 0; round < 3; round += 1) {
    const shown = Date.parse(`${localInput(guess / 1000)}:00Z`);
    guess += asUtc - shown;
  }
  return Math.round(guess / 1000);
}
