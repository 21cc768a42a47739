/** Dates, times and numbers: the browser's own inputs. */
import { h } from "./dom.js";
import { chose, currentValue, marks } from "./interact.js";
import { wordsOf } from "./mrkdwn.js";
import { fromLocalInput, localInput } from "./time.js";

/** @typedef {import("./interact.js").Context} Context */

const KINDS = {
  datepicker: { input: "date", field: "selected_date", words: "Date" },
  timepicker: { input: "time", field: "selected_time", words: "Time" },
  datetimepicker: { input: "datetime-local", field: "selected_date_time", words: "Date and time" },
};

/** @param {any} element @param {Context} context @returns {HTMLElement} */
export function picker(element, context) {
  const kind = KINDS[element.type];
  const seconds = element.type === "datetimepicker";
  const now = currentValue(context, element);
  const input = h("input", {
    class: "input input-picker",
    type: kind.input,
    id: context.label,
    data: marks(context, element),
    value: now === null ? "" : seconds ? localInput(Number(now)) : now,
    "aria-label": context.label ? null : wordsOf(element.placeholder) || kind.words,
    "aria-describedby": context.describedBy,
    autofocus: element.focus_on_load,
    onchange: () => chose(context, element, kind.field, read()),
  });
  const read = () => (input.value === "" ? null : seconds ? fromLocalInput(input.value) : input.value);
  return h("span", { class: "picker" }, input);
}
