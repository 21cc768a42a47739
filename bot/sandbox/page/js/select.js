/** The selects of Block Kit: where their options come from, and what they carry. */
import { act } from "./api.js";
import { Combobox } from "./combobox.js";
import { h } from "./dom.js";
import { VALUE_FIELDS } from "./formstate.js";
import { chose, currentValue, marks } from "./interact.js";
import { avatar, channelName, everybody, nameOf } from "./mentions.js";
import { plainText, wordsOf } from "./mrkdwn.js";
import { store } from "./store.js";

/** @typedef {import("./interact.js").Context} Context */
/** @typedef {import("./combobox.js").Option & {raw?: any}} Option */

/** @param {any} option @returns {Option} */
function fromOption(option) {
  return {
    value: option.value ?? "",
    words: wordsOf(option.text),
    raw: option,
    detail: wordsOf(option.description),
    label: () => h("span", {}, ...plainText(option.text)),
  };
}

/** @param {any} answer @returns {import("./combobox.js").Group[]} */
function grouped(answer) {
  if (answer?.option_groups) {
    return answer.option_groups.map((/** @type {any} */ one) => ({
      name: wordsOf(one.label),
      options: (one.options ?? []).map(fromOption),
    }));
  }
  return [{ name: "", options: (answer?.options ?? []).map(fromOption) }];
}

/** @param {import("./combobox.js").Group[]} groups @param {string} typed */
function filtered(groups, typed) {
  const wanted = typed.toLocaleLowerCase();
  return groups.map((group) => ({
    name: group.name,
    options: group.options
      .filter((one) => `${one.words}\n${one.detail ?? ""}`.toLocaleLowerCase().includes(wanted))
      .slice(0, 100),
  }));
}

/** @param {any} user @returns {Option} */
function fromUser(user) {
  return {
    value: user.id,
    words: nameOf(user),
    detail: `@${user.name}`,
    label: () => h("span", { class: "with-avatar" }, avatar(user, 20), h("bdi", {}, nameOf(user))),
  };
}

/** @param {any} channel @returns {Option} */
function fromChannel(channel) {
  const sign = { channel: "# ", private: "🔒 ", dm: "" }[channel.kind] ?? "";
  return { value: channel.id, words: `${sign}${channelName(channel)}` };
}

/** What one kind can offer. @param {any} element @returns {Option[]} */
function offered(element) {
  const state = store.state;
  if (!state) return [];
  if (element.type.includes("users_select")) return everybody().map(fromUser);
  const channels = state.channels.filter((one) => !one.archived);
  if (element.type.includes("channels_select"))
    return channels.filter((one) => one.kind === "channel").map(fromChannel);
  const kinds = { public: "channel", private: "private", im: "dm", mpim: "mpim" };
  const wanted = (element.filter?.include ?? []).map((/** @type {string} */ one) => kinds[one]);
  return channels.filter((one) => !wanted.length || wanted.includes(one.kind)).map(fromChannel);
}

/** @param {any} element @param {Context} context @returns {HTMLElement} */
export function select(element, context) {
  const many = element.type.startsWith("multi_");
  const field = VALUE_FIELDS[element.type];
  const options = /(static|external)_select/.test(element.type);
  const now = currentValue(context, element);
  const held = many ? (now ?? []) : now ? [now] : [];
  const box = new Combobox({
    many,
    chosen: held.map((/** @type {any} */ one) => (options ? fromOption(one) : known(element, one))),
    placeholder: wordsOf(element.placeholder) || "Choose…",
    most: element.max_selected_items,
    clearable: !context.dispatch,
    id: context.label,
    label: context.label ? undefined : element.accessibility_label || wordsOf(element.placeholder) || "Choose",
    describedBy: context.describedBy,
    data: marks(context, element),
    autofocus: element.focus_on_load,
    pause: element.type.includes("external_select") ? 150 : 0,
    search: searcher(element, context),
    change: (chosen) => {
      const values = chosen.map((one) => (options ? /** @type {Option} */ (one).raw : one.value));
      chose(context, element, field, many ? values : (values[0] ?? null));
    },
  });
  return box.node;
}

/** @param {any} element @param {string} id @returns {Option} */
function known(element, id) {
  const found = store.index.get(id);
  if (!found) return { value: id, words: id };
  return element.type.includes("users_select") ? fromUser(found) : fromChannel(found);
}

/** @param {any} element @param {Context} context */
function searcher(element, context) {
  if (!element.type.includes("external_select")) {
    return (/** @type {string} */ typed) =>
      filtered(
        element.options || element.option_groups ? grouped(element) : [{ name: "", options: offered(element) }],
        typed,
      );
  }
  return async (/** @type {string} */ typed) => {
    const least = Number(element.min_query_length ?? 3);
    if (typed.length < least) throw new Error(`Type ${least} or more letters to search`);
    return grouped(
      await act(store.user, "options", {
        action_id: element.action_id,
        block_id: context.blockId,
        value: typed,
        container: context.container,
      }),
    );
  };
}
