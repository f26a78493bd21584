// Block Kit as DOM nodes, for messages and for modals.
import { confirmed } from "/sandbox/static/confirm.js";
import { el } from "/sandbox/static/dom.js";
import { mrkdwn, plain, richLeaf, textObject } from "/sandbox/static/mrkdwn.js";
import { inputElement } from "/sandbox/static/inputs.js";

/**
 * Render blocks. `look` says where they stand:
 * names: ids to names; press(action_id, value): something was pressed;
 * held: what inputs hold, by action_id; errors: what is wrong, by action_id.
 */
export function renderBlocks(blocks, look) {
  return blocks.map((block) => RENDERERS[block.type]?.(block, look) ?? unknown(block));
}

const unknown = (block) => el("p.faint", {}, `(a ${block.type} block)`);

const RENDERERS = {
  header: (block) => el("h3.header", {}, plain(block.text.text)),
  divider: () => el("hr"),
  section: (block, look) =>
    el(
      "div.section",
      {},
      el(
        "div.body",
        {},
        block.text ? el("div.words", {}, textObject(block.text, look.names)) : null,
        block.fields
          ? el("div.fields", {}, block.fields.map((one) => el("div.words", {}, textObject(one, look.names))))
          : null,
      ),
      block.accessory ? el("div.accessory", {}, element(block.accessory, look)) : null,
    ),
  context: (block, look) =>
    el(
      "div.context",
      {},
      block.elements.map((one) =>
        one.type === "image" ? picture(one) : el("span.words", {}, textObject(one, look.names)),
      ),
    ),
  actions: (block, look) => el("div.actions", {}, block.elements.map((one) => element(one, look))),
  image: (block) => el("figure", {}, picture(block)),
  alert: (block, look) =>
    el(`div.alert.${block.level ?? "default"}`, { role: "note" }, el("div.words", {}, textObject(block.text, look.names))),
  markdown: (block, look) => el("div.words", {}, mrkdwn(block.text.replace(/\*\*/g, "*"), look.names)),
  rich_text: (block, look) => el("div.rich", {}, block.elements.map((one) => richPart(one, look.names))),
  input: (block, look) => inputBlock(block, look),
};

// The page loads nothing from outside, so a picture is told, not shown.
const picture = (image) => el("span.picture", { role: "img", "aria-label": image.alt_text }, image.alt_text);

function richPart(part, names) {
  const leaves = () => part.elements.map((leaf) => richLeaf(leaf, names));
  switch (part.type) {
    case "rich_text_preformatted": return el("pre", {}, leaves());
    case "rich_text_quote": return el("blockquote", {}, leaves());
    case "rich_text_list":
      return el(part.style === "ordered" ? "ol" : "ul", {}, part.elements.map((one) => el("li", {}, richPart(one, names))));
    default: return el("div.words", {}, leaves());
  }
}

/** A button or choice outside of an input block: it acts at once. */
function element(one, look) {
  if (one.type === "image") return picture(one);
  if (one.type === "button") return button(one, look);
  const chosen = async (value) => {
    if (await confirmed(one.confirm, look.names)) look.press(one.action_id, value);
  };
  return inputElement(one, { label: one.placeholder?.text ?? "Choose", held: look.held, chosen });
}

function button(one, look) {
  const style = one.style ? `.${one.style}` : "";
  const press = async (event) => {
    const pressed = event.currentTarget;
    if (pressed.getAttribute("aria-busy") || !(await confirmed(one.confirm, look.names))) return;
    pressed.setAttribute("aria-busy", "true");
    await look.press(one.action_id, one.value);
    pressed.removeAttribute("aria-busy");
  };
  return el(
    `button.button${style}`,
    { type: "button", "data-action": one.action_id, "aria-label": one.accessibility_label, onclick: press },
    plain(one.text.text, { emoji: one.text.emoji !== false }),
  );
}

function inputBlock(block, look) {
  const one = block.element;
  const error = look.errors?.[one.action_id];
  const id = `input-${block.block_id}`;
  const groups = one.type === "radio_buttons" || one.type === "checkboxes";
  const input = inputElement(one, {
    id,
    held: look.held,
    describedBy: [block.hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined,
    invalid: Boolean(error),
    required: !block.optional,
    label: block.label.text,
  });
  return el(
    `div.input${error ? ".wrong" : ""}`,
    { "data-action": one.action_id },
    el(groups ? "span.label" : "label.label", groups ? {} : { for: id }, plain(block.label.text),
      block.optional ? el("span.faint", {}, " (optional)") : null),
    input,
    error ? el("p.error", { id: `${id}-error` }, error) : null,
    block.hint ? el("p.hint", { id: `${id}-hint` }, plain(block.hint.text)) : null,
  );
}
