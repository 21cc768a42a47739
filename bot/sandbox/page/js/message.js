/** One message: who, when, what, and what can be done with it. */
import { renderBlocks } from "./blocks.js";
import { bdi, fill, h, reconcile } from "./dom.js";
import { emoji } from "./emoji.js";
import { fileCard } from "./files.js";
import { icon } from "./icons.js";
import { messageContext } from "./interact.js";
import { avatar, nameOf } from "./mentions.js";
import { openMenu } from "./menu.js";
import { mrkdwn, safeLink } from "./mrkdwn.js";
import { addressOf, goThread } from "./route.js";
import { store } from "./store.js";
import { clock, dateOf, full } from "./time.js";
import { toast } from "./toast.js";

/** @typedef {import("./types.js").Message} Message */
/** @typedef {{channel: string, message: Message, follows: boolean, inThread: boolean, replies: Message[]}} Shown */

/** @param {Message} message */
export function authorOf(message) {
  const user = store.index.get(message.user);
  if (message.username) return { ...(user ?? {}), id: message.user, real_name: message.username, bot: true };
  return user ?? { id: message.user, name: message.user, real_name: message.user, bot: Boolean(message.bot) };
}

/** @param {Shown} shown @returns {import("./dom.js").Item} the frame; {@link fillMessage} puts the words into it */
export function messageItem(shown) {
  const { message, channel, follows, inThread, replies } = shown;
  const last = replies[replies.length - 1];
  const outside = { ...message, blocks: null, text: "", attachments: null, files: null, reply_count: null };
  return {
    key: `${channel}/${message.ts}${message.ephemeral ? "/e" : ""}`,
    sig: JSON.stringify([outside, follows, inThread, replies.length, last?.ts, store.salt]),
    make: () => frame(shown),
  };
}

/** @param {Shown} shown */
function frame(shown) {
  const { message, follows, channel, inThread, replies } = shown;
  const author = authorOf(message);
  const at = dateOf(message.ts);
  const time = h(
    "a",
    {
      class: "when",
      href: addressOf(store.user, {
        kind: "channel",
        id: channel,
        thread: inThread ? (message.thread_ts ?? message.ts) : "",
      }),
      tabindex: "-1",
    },
    h("time", { datetime: at.toISOString(), title: full(at) }, clock(at)),
  );
  const head = follows
    ? null
    : h(
        "div",
        { class: "message-head" },
        h("span", { class: "author" }, bdi(nameOf(author))),
        author.bot || message.bot ? h("span", { class: "app-badge" }, "APP") : null,
        time,
      );
  return h(
    "article",
    {
      class: `message${follows ? " follows" : ""}${message.ephemeral ? " ephemeral" : ""}`,
      data: { ts: message.ts },
      "aria-label": `${nameOf(author)}, ${clock(at)}`,
    },
    h("div", { class: "gutter" }, follows ? time : avatar(author, 36)),
    h(
      "div",
      { class: "message-main" },
      message.ephemeral ? h("div", { class: "only-you" }, icon("eye", 14), "Only visible to you") : null,
      head,
      h("div", { class: "message-body" }),
      message.edited ? h("span", { class: "edited" }, "(edited)") : null,
      h("div", { class: "message-files" }),
      reactions(message),
      inThread || !replies.length ? null : threadLink(channel, message, replies),
    ),
    message.ephemeral ? null : tools(shown),
  );
}

/** @param {Message} message */
function reactions(message) {
  if (!message.reactions?.length) return null;
  return h(
    "div",
    { class: "reactions" },
    message.reactions.map((one) =>
      h(
        "span",
        { class: "reaction", title: `:${one.name}:` },
        emoji(one.name) ?? `:${one.name}:`,
        " ",
        String(one.count ?? one.users?.length ?? 1),
      ),
    ),
  );
}

/** @param {string} channel @param {Message} message @param {Message[]} replies */
function threadLink(channel, message, replies) {
  const last = dateOf(replies[replies.length - 1].ts);
  const faces = [...new Set(replies.map((one) => one.user))]
    .slice(0, 4)
    .map((id) => avatar(store.index.get(id) ?? { id }, 22));
  const count = replies.length === 1 ? "1 reply" : `${replies.length} replies`;
  return h(
    "button",
    {
      class: "thread-link",
      type: "button",
      data: { focus: `thread-${message.ts}` },
      onclick: () => goThread(channel, message.ts),
    },
    h("span", { class: "faces", "aria-hidden": "true" }, faces),
    h("span", { class: "thread-count" }, count),
    h("span", { class: "thread-last" }, `Last reply at ${clock(last)}`),
  );
}

/** @param {Shown} shown */
function tools({ channel, message, inThread }) {
  const root = message.thread_ts || message.ts;
  const more = h(
    "button",
    {
      class: "icon-button",
      type: "button",
      "aria-label": "More about this message",
      title: "More",
      "aria-haspopup": "menu",
      onclick: () => openMenu(more, entries(channel, message), { label: "This message", end: true }),
    },
    icon("dots"),
  );
  return h(
    "div",
    { class: "message-tools", role: "group", "aria-label": "Message actions" },
    inThread
      ? null
      : h(
          "button",
          {
            class: "icon-button",
            type: "button",
            "aria-label": "Reply in thread",
            title: "Reply in thread",
            onclick: () => goThread(channel, root),
          },
          icon("reply"),
        ),
    more,
  );
}

/** @param {string} channel @param {Message} message @returns {import("./menu.js").Entry[]} */
function entries(channel, message) {
  const copy = async (/** @type {string} */ text, /** @type {string} */ said) => {
    try {
      await navigator.clipboard.writeText(text);
      toast(said);
    } catch {
      toast("The browser did not allow copying.", "error");
    }
  };
  const link = `${window.location.origin}${addressOf(store.user, { kind: "channel", id: channel, thread: message.thread_ts || message.ts })}`;
  return [
    {
      label: "Copy text",
      pick: () =>
        copy(
          document.querySelector(`[data-ts="${CSS.escape(message.ts)}"] .message-body`)?.textContent ?? message.text,
          "Text copied",
        ),
    },
    { label: "Copy link", pick: () => copy(link, "Link copied") },
    ...(store.state?.shortcuts ?? [])
      .filter((one) => one.type === "message")
      .map((one) => ({
        label: bdi(one.name),
        detail: "shortcut",
        pick: () => void store.act("shortcut", { callback_id: one.callback_id, message: { channel, ts: message.ts } }),
      })),
  ];
}

/** Put a message's words, blocks and files into its frame, keeping what did not change. @param {HTMLElement} node @param {Shown} shown */
export function fillMessage(node, { message, channel }) {
  const body = /** @type {HTMLElement} */ (node.querySelector(".message-body"));
  const blocks = message.blocks ?? [];
  const context = messageContext(message, channel);
  if (blocks.length) renderBlocks(body, blocks, context, store.salt);
  else {
    const bare = message.text && !(message.attachments?.length && !message.text.trim());
    reconcile(
      body,
      bare ? [{ key: "text", sig: message.text + store.salt, make: () => h("div", {}, mrkdwn(message.text)) }] : [],
    );
  }
  const files = /** @type {HTMLElement} */ (node.querySelector(".message-files"));
  reconcile(files, [
    ...(message.attachments ?? []).map((one, index) => ({
      key: `a${index}`,
      sig: JSON.stringify(one) + store.salt,
      make: () => attachment(one, context),
    })),
    ...(message.files ?? []).map((one) => ({ key: one.id, sig: JSON.stringify(one), make: () => fileCard(one) })),
  ]);
}

/** The older way to add to a message. @param {any} one @param {import("./interact.js").Context} context */
function attachment(one, context) {
  const box = h("div", {
    class: "attachment",
    style: /^#?[0-9a-f]{6}$/i.test(one.color ?? "") ? { "border-color": `#${one.color.replace("#", "")}` } : {},
  });
  const href = safeLink(one.title_link ?? "");
  if (one.pretext) box.appendChild(mrkdwn(one.pretext));
  if (one.title)
    box.appendChild(
      h(
        "div",
        { class: "card-title" },
        href ? h("a", { href, target: "_blank", rel: "noopener noreferrer" }, one.title) : one.title,
      ),
    );
  if (one.text) box.appendChild(mrkdwn(one.text));
  if (one.blocks?.length) {
    const inside = h("div", {});
    renderBlocks(inside, one.blocks, context);
    box.appendChild(inside);
  }
  if (!box.hasChildNodes() && one.fallback) fill(box, one.fallback);
  return box;
}
