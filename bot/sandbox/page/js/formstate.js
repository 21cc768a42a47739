/** What a person chose in one message, view or home, in the shape of Slack's `state.values`. */

/** Element types that hold a value, and the fields which carry it. */
export const VALUE_FIELDS = {
  plain_text_input: "value",
  number_input: "value",
  email_text_input: "value",
  url_text_input: "value",
  datepicker: "selected_date",
  timepicker: "selected_time",
  datetimepicker: "selected_date_time",
  static_select: "selected_option",
  external_select: "selected_option",
  radio_buttons: "selected_option",
  multi_static_select: "selected_options",
  multi_external_select: "selected_options",
  checkboxes: "selected_options",
  users_select: "selected_user",
  multi_users_select: "selected_users",
  conversations_select: "selected_conversation",
  multi_conversations_select: "selected_conversations",
  channels_select: "selected_channel",
  multi_channels_select: "selected_channels",
  file_input: "files",
  rich_text_input: "rich_text_value",
};

/** Where an element keeps what it holds at first, when that is not `initial_` plus the field's own word. */
const INITIAL_FIELDS = {
  plain_text_input: "initial_value",
  number_input: "initial_value",
  email_text_input: "initial_value",
  url_text_input: "initial_value",
  datepicker: "initial_date",
  timepicker: "initial_time",
  datetimepicker: "initial_date_time",
  static_select: "initial_option",
  external_select: "initial_option",
  radio_buttons: "initial_option",
  multi_static_select: "initial_options",
  multi_external_select: "initial_options",
  checkboxes: "initial_options",
  users_select: "initial_user",
  multi_users_select: "initial_users",
  conversations_select: "initial_conversation",
  multi_conversations_select: "initial_conversations",
  channels_select: "initial_channel",
  multi_channels_select: "initial_channels",
  rich_text_input: "initial_value",
};

/** @param {any} element @returns {any} the element's initial value: null, or [] where several can be chosen */
export function initialOf(element) {
  const many = /^multi_|^checkboxes$|^file_input$/.test(element.type);
  const found = element[INITIAL_FIELDS[element.type] ?? ""];
  return found ?? (many ? [] : null);
}

/** @param {any} block @returns {any[]} the elements of a block that can hold a value */
export function elementsOf(block) {
  const found = [block.element, block.accessory, ...(block.type === "actions" ? (block.elements ?? []) : [])];
  return found.filter((one) => one && one.type in VALUE_FIELDS);
}

/** @param {any[]} blocks @returns {any[]} these blocks and those inside containers */
function flat(blocks) {
  return blocks.flatMap((block) => (block.child_blocks ? flat(block.child_blocks) : [block]));
}

export class FormState {
  constructor() {
    /** @type {Map<string, any>} touched values by block and action */
    this.touched = new Map();
  }

  /** @param {string} block @param {string} action @returns {any} undefined when never touched */
  get(block, action) {
    return this.touched.get(`${block}\n${action}`);
  }

  /** @param {string} block @param {string} action @param {any} value */
  put(block, action, value) {
    this.touched.set(`${block}\n${action}`, value);
  }

  /** What one element holds now. @param {string} block @param {any} element @param {import("./types.js").Values} [known] */
  current(block, element, known = {}) {
    const touched = this.get(block, element.action_id);
    if (touched !== undefined) return touched;
    const told = known?.[block]?.[element.action_id]?.[VALUE_FIELDS[element.type]];
    return told !== undefined ? told : initialOf(element);
  }

  /**
   * `state.values` of these blocks.
   * @param {import("./types.js").Block[]} blocks @param {import("./types.js").Values} [known]
   * @returns {import("./types.js").Values}
   */
  values(blocks, known = {}) {
    /** @type {import("./types.js").Values} */
    const values = {};
    for (const block of flat(blocks)) {
      for (const element of elementsOf(block)) {
        const id = block.block_id ?? "";
        values[id] ??= {};
        values[id][element.action_id] = {
          type: element.type,
          [VALUE_FIELDS[element.type]]: this.current(id, element, known),
        };
      }
    }
    return values;
  }
}
