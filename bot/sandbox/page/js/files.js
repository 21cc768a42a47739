/** Files in messages: a picture, a text's beginning, or a card; always with a way to the whole file. */
import { h } from "./dom.js";
import { icon } from "./icons.js";

/** @param {string} address @returns {string} an address of this workspace or of the web, else "" */
function fileAddress(address) {
  try {
    const url = new URL(address, window.location.href);
    return ["http:", "https:"].includes(url.protocol) ? url.href : "";
  } catch {
    return "";
  }
}

/** @param {number|undefined} bytes */
function size(bytes) {
  if (!bytes) return "";
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

const KINDS = {
  "text/markdown": "Markdown",
  "text/plain": "Text",
  "text/csv": "CSV",
  "application/json": "JSON",
  "application/pdf": "PDF",
  "application/octet-stream": "File",
};

/** @param {string} mimetype @returns {string} in words */
function kindOf(mimetype) {
  const picture = /^image\/([a-z0-9]+)/.exec(mimetype);
  return KINDS[mimetype] ?? (picture ? `${picture[1].toUpperCase()} picture` : mimetype);
}

/** @param {import("./types.js").FileInfo} file @returns {HTMLElement} */
export function fileCard(file) {
  const href = fileAddress(file.url ?? "");
  const kind = [kindOf(file.mimetype ?? ""), size(file.size)].filter(Boolean).join(" · ");
  const head = h(
    "div",
    { class: "file-head" },
    h("span", { class: "file-sign" }, icon("file", 22)),
    h(
      "div",
      { class: "file-words" },
      h("div", { class: "file-name" }, h("bdi", {}, file.title || file.name)),
      h("div", { class: "file-kind" }, kind),
    ),
    href
      ? h(
          "a",
          {
            class: "button button-icon",
            href,
            download: file.name,
            "aria-label": `Download ${file.name}`,
            title: "Download",
          },
          icon("down"),
        )
      : null,
  );
  const isPicture = /^image\/(png|jpeg|gif|webp|svg\+xml)$/.test(file.mimetype ?? "") && href;
  const image = isPicture
    ? h(
        "a",
        { class: "file-picture", href, target: "_blank", rel: "noopener" },
        h("img", { src: href, alt: file.title || file.name, loading: "lazy" }),
      )
    : null;
  return h("div", { class: "file" }, head, image, !isPicture && file.preview ? preview(file.preview) : null);
}

/** @param {string} text */
function preview(text) {
  const body = h("pre", { class: "file-preview", dir: "auto" }, text);
  if (text.split("\n").length <= 8 && text.length < 600) return body;
  const more = h(
    "button",
    {
      class: "link-button",
      type: "button",
      "aria-expanded": "false",
      onclick: () => {
        const open = body.classList.toggle("open");
        more.textContent = open ? "Show less" : "Show more";
        more.setAttribute("aria-expanded", String(open));
      },
    },
    "Show more",
  );
  return h("div", {}, body, more);
}
