/** Pictures from Block Kit; one that cannot be shown leaves its words. */
import { h } from "./dom.js";
import { safeLink } from "./mrkdwn.js";

/** @param {any} image @param {string} size @returns {HTMLElement} */
export function picture(image, size) {
  const address =
    safeLink(image.image_url ?? image.slack_file?.url ?? "") ||
    (/^\/(?!\/)/.test(image.image_url ?? "") ? image.image_url : "");
  const words = image.alt_text || "Picture";
  const missing = () =>
    h(
      "span",
      { class: `picture-missing ${size}`, role: "img", "aria-label": words, title: words },
      size === "large" ? words : "",
    );
  if (!address) return missing();
  const shown = h("img", {
    class: `picture ${size}`,
    src: address,
    alt: image.alt_text ?? "",
    loading: "lazy",
    referrerpolicy: "no-referrer",
    title: image.alt_text,
  });
  shown.addEventListener("error", () => shown.replaceWith(missing()));
  return shown;
}
