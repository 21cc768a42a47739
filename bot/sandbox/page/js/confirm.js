/** Asking again before something happens: Slack's confirm objects. */
import { h } from "./dom.js";
import { plainText, textObject } from "./mrkdwn.js";

/** @param {any} confirm a confirm object, or nothing @returns {Promise<boolean>} whether to go on */
export function confirmed(confirm) {
  if (!confirm) return Promise.resolve(true);
  const danger = confirm.style === "danger";
  return new Promise((answer) => {
    const finish = (/** @type {boolean} */ yes) => {
      answer(yes);
      dialog.close();
    };
    const dialog = h(
      "dialog",
      { class: "dialog dialog-small", "aria-labelledby": "confirm-title" },
      h(
        "h2",
        { class: "dialog-title", id: "confirm-title", dir: "auto" },
        ...plainText(confirm.title ?? "Are you sure?"),
      ),
      h("div", { class: "dialog-body" }, textObject(confirm.text ?? "")),
      h(
        "footer",
        { class: "dialog-foot" },
        h(
          "button",
          { class: "button", type: "button", autofocus: danger, onclick: () => finish(false) },
          ...plainText(confirm.deny ?? "Cancel"),
        ),
        h(
          "button",
          {
            class: `button ${danger ? "button-danger" : "button-primary"}`,
            type: "button",
            autofocus: !danger,
            onclick: () => finish(true),
          },
          ...plainText(confirm.confirm ?? "Yes"),
        ),
      ),
    );
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    dialog.addEventListener("close", () => {
      answer(false);
      dialog.remove();
      if (before?.isConnected) before.focus({ preventScroll: true });
    });
    document.body.appendChild(dialog);
    dialog.showModal();
  });
}
