// Inputs: text, menus, radio buttons, checkboxes; and reading them back.
import { el } from "/sandbox/static/dom.js";
import { plain } from "/sandbox/static/mrkdwn.js";

const optionsOf = (one) => one.options ?? (one.option_groups ?? []).flatMap((group) => group.options);

const initial = (one) =>
  one.initial_value ??
  one.initial_option?.value ??
  one.initial_options?.map((option) => option.value);

/**
 * Render one input. `how`: id, label, held (values by action_id), describedBy,
 * invalid, required, chosen(value) for one that acts at once.
 */
export function inputElement(one, how) {
  const value = how.held?.[one.action_id] ?? initial(one);
  const common = {
    id: how.id,
    name: one.action_id,
    "aria-describedby": how.describedBy,
    "aria-invalid": how.invalid ? "true" : undefined,
    "aria-required": how.required ? "true" : undefined,
    "data-kind": one.type,
  };
  const node = (KINDS[one.type] ?? textInput)(one, value, common, how);
  if (how.chosen) {
    node.addEventListener("change", async () => {
      const now = readInput(node);
      if (now.length) await how.chosen(Array.isArray(now) ? now[now.length - 1] : now);
      if (one.type === "overflow") node.value = "";
    });
  }
  return node;
}

const KINDS = {
  plain_text_input: textInput,
  static_select: menu,
  multi_static_select: (one, value, common, how) => choices("checkbox", one, value, common, how),
  overflow: menu,
  radio_buttons: (one, value, common, how) => choices("radio", one, value, common, how),
  checkboxes: (one, value, common, how) => choices("checkbox", one, value, common, how),
};

function textInput(one, value, common) {
  const attributes = {
    ...common,
    placeholder: one.placeholder?.text,
    maxlength: one.max_length ?? 3000,
    autofocus: one.focus_on_load,
  };
  const node = one.multiline
    ? el("textarea", { ...attributes, rows: 4 })
    : el("input", { ...attributes, type: "text", autocomplete: "off" });
  node.value = value ?? "";
  return node;
}

function menu(one, value, common, how) {
  const option = (it) => el("option", { value: it.value, selected: it.value === value }, it.text.text);
  const groups = one.option_groups
    ? one.option_groups.map((group) => el("optgroup", { label: group.label.text }, group.options.map(option)))
    : one.options.map(option);
  const first = one.type === "overflow" ? "More…" : (one.placeholder?.text ?? "Choose…");
  const attributes = { ...common, "aria-label": how.id ? undefined : how.label };
  return el("select", attributes, el("option", { value: "" }, first), groups);
}

function choices(type, one, value, common, how) {
  const chosen = Array.isArray(value) ? value : value ? [value] : [];
  const role = type === "radio" ? "radiogroup" : "group";
  const { name, ...rest } = common;
  return el(
    "div.choices",
    { ...rest, role, "aria-label": how.label },
    optionsOf(one).map((option) =>
      el(
        "label.choice",
        {},
        el("input", { type, name, value: option.value, checked: chosen.includes(option.value) }),
        el("span", {}, plain(option.text.text),
          option.description ? el("small.faint", {}, option.description.text) : null),
      ),
    ),
  );
}

/** What an input holds: text, or for several choices a list. */
export function readInput(node) {
  if (!node.matches(".choices")) return node.value;
  const checked = [...node.querySelectorAll("input:checked")].map((one) => one.value);
  return node.getAttribute("role") === "radiogroup" ? (checked[0] ?? "") : checked;
}

/** What all inputs under `root` hold, by action_id. */
export function readInputs(root) {
  const held = {};
  for (const node of root.querySelectorAll("[data-kind]")) {
    const name = node.getAttribute("name") ?? node.querySelector("input")?.name;
    if (name) held[name] = readInput(node);
  }
  return held;
}
