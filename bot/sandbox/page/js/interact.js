/** From an element that a person used to the call that tells the app. */
import { confirmed } from "./confirm.js";
import { store } from "./store.js";

/**
 * Where an element lives. `source` is asked at the moment of use, because elements outlive the state they were drawn from.
 * @typedef {{container: import("./types.js").Container, key: string, source: () => {blocks: any[], values: any},
 *   blockId: string, dispatch: boolean, label?: string, labelledBy?: string, describedBy?: string}} Context
 */

/** @param {import("./types.js").Message} message @param {string} channel @returns {Context} */
export function messageContext(message, channel) {
  return {
    container: { type: "message", channel, ts: message.ts, ...(message.ephemeral ? { ephemeral: true } : {}) },
    key: `${channel}/${message.ts}`,
    source: () => {
      const now = store.state?.messages[channel]?.find((one) => one.ts === message.ts);
      return { blocks: allBlocks(now ?? message), values: {} };
    },
    blockId: "",
    dispatch: true,
  };
}

/** @param {import("./types.js").Message} message */
function allBlocks(message) {
  return [...(message.blocks ?? []), ...(message.attachments ?? []).flatMap((one) => one.blocks ?? [])];
}

/** @param {string} id @returns {Context} */
export function viewContext(id) {
  return {
    container: { type: "view", id },
    key: `view/${id}`,
    source: () => {
      const view = store.state?.view;
      return view?.id === id ? { blocks: view.blocks, values: view.values ?? {} } : { blocks: [], values: {} };
    },
    blockId: "",
    dispatch: true,
  };
}

/** @returns {Context} */
export function homeContext() {
  const id = store.state?.home?.id;
  return {
    container: id ? { type: "view", id } : { type: "home" },
    key: "home",
    source: () => ({ blocks: store.state?.home?.blocks ?? [], values: {} }),
    blockId: "",
    dispatch: true,
  };
}

/** What names one element of the page, for pending states and for focus. @param {Context} context @param {any} element */
export function elementKey(context, element) {
  return `${context.key}|${context.blockId}|${element.action_id ?? element.type}`;
}

/** @param {Context} context @param {any} element @returns {any} what it holds now */
export function currentValue(context, element) {
  return store.form(context.key).current(context.blockId, element, context.source().values);
}

/**
 * Remember what was chosen, and tell the app when this element does so.
 * @param {Context} context @param {any} element @param {string} field @param {any} value
 */
export function chose(context, element, field, value) {
  store.form(context.key).put(context.blockId, element.action_id, value);
  if (context.dispatch) press(context, element, { [field]: value });
}

/**
 * Send a block action, after its confirm dialog when it has one.
 * @param {Context} context @param {any} element @param {Record<string, any>} carried
 */
export async function press(context, element, carried) {
  const key = `${elementKey(context, element)}|${element.type === "button" ? (element.value ?? "") : ""}`;
  if (store.pending.has(key)) return;
  if (!(await confirmed(element.confirm))) return;
  const { blocks, values } = context.source();
  const action = { type: element.type, action_id: element.action_id, block_id: context.blockId, ...carried };
  await store.act(
    "block_action",
    { container: context.container, action, values: store.form(context.key).values(blocks, values) },
    key,
  );
}

/** Show on the page which elements wait for an answer. */
export function markPending() {
  for (const element of document.querySelectorAll("[data-pending]")) {
    const busy = store.pending.has(/** @type {HTMLElement} */ (element).dataset.pending ?? "");
    if (busy) element.setAttribute("aria-busy", "true");
    else element.removeAttribute("aria-busy");
  }
}

/** The `data-` marks of an element. @param {Context} context @param {any} element */
export function marks(context, element) {
  const key = elementKey(context, element);
  return {
    focus: key,
    pending: `${key}|${element.type === "button" ? (element.value ?? "") : ""}`,
    action: element.action_id ?? "",
  };
}
