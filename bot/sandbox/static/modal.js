// The modal in front of the reader.
import { post } from "/sandbox/static/api.js";
import { renderBlocks } from "/sandbox/static/blocks.js";
import { byId, el } from "/sandbox/static/dom.js";
import { readInputs } from "/sandbox/static/inputs.js";

const REQUIRED = "Please complete this required field.";
const TROUBLE = "We had some trouble connecting. Try again?";

let shown = null; // { view, held, errors, trouble, isBusy }
let opener = null;
let context = null; // { person, names }

/** Set up once. */
export function prepareModal() {
  byId("modal").addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
}

/** Show the top view of the stack, or nothing. */
export function showModal(views, now) {
  context = now;
  const dialog = byId("modal");
  const view = views.at(-1);
  if (!view) {
    shown = null;
    if (dialog.open) {
      dialog.close();
      restoreFocus();
    }
    return;
  }
  if (shown && shown.view.id === view.id && shown.view.hash === view.hash) return;
  const isSame = shown?.view.id === view.id;
  if (!dialog.open) opener = document.activeElement;
  const held = isSame ? readInputs(dialog) : {};
  shown = { view, held, errors: {}, trouble: "", isBusy: false };
  render();
  if (!dialog.open) dialog.showModal();
  if (!isSame) focusFirst();
}

function render() {
  const { view, held, errors, trouble } = shown;
  const look = { names: context.names, held, errors, press };
  byId("modal").replaceChildren(
    el(
      "form",
      { novalidate: true, onsubmit: submit },
      el("header", {},
        el("h2", { id: "modal-title" }, view.title.text),
        el("button.cross", { type: "button", "aria-label": "Close", onclick: close }, "×")),
      el("div.blocks", {}, renderBlocks(view.blocks, look)),
      trouble ? el("p.trouble", { role: "alert" }, trouble) : null,
      el("footer", {},
        el("button.button", { type: "button", onclick: close }, view.close?.text ?? (view.submit ? "Cancel" : "Close")),
        view.submit ? el("button.button.primary", { type: "submit" }, view.submit.text) : null),
    ),
  );
}

function again(changes) {
  shown = { ...shown, held: readInputs(byId("modal")), ...changes };
  render();
  const wrong = byId("modal").querySelector("[aria-invalid=true]");
  if (wrong) (wrong.matches(".choices") ? wrong.querySelector("input") : wrong).focus();
}

async function submit(event) {
  event.preventDefault();
  if (!shown || shown.isBusy) return;
  const { view } = shown;
  const values = readInputs(byId("modal"));
  const errors = missing(view, values);
  if (Object.keys(errors).length) {
    again({ errors, trouble: "" });
    return;
  }
  shown.isBusy = true;
  const button = byId("modal").querySelector("[type=submit]");
  button.setAttribute("aria-busy", "true");
  const told = await post("submit", { user: context.person, view_id: view.id, values });
  if (!shown || shown.view.id !== view.id) return;
  shown.isBusy = false;
  button.removeAttribute("aria-busy");
  if (told.error) again({ trouble: `${TROUBLE} (${told.error})` });
  else if (Object.keys(told.errors ?? {}).length) again({ errors: told.errors, trouble: "" });
}

/** What Slack's own client asks for before it sends anything. */
function missing(view, values) {
  const errors = {};
  for (const block of view.blocks) {
    if (block.type !== "input") continue;
    const { action_id: name, min_length: least = 0 } = block.element;
    const value = values[name] ?? "";
    if (!value.length && !block.optional) errors[name] = REQUIRED;
    else if (value.length && value.length < least) errors[name] = `Please write at least ${least} characters.`;
  }
  return errors;
}

async function press(actionId, value) {
  const told = await post("click", { user: context.person, view_id: shown.view.id, action_id: actionId, value });
  if (told.error && shown) again({ trouble: `${TROUBLE} (${told.error})` });
}

async function close() {
  if (!shown) return;
  await post("close", { user: context.person, view_id: shown.view.id });
}

function focusFirst() {
  const dialog = byId("modal");
  const first = dialog.querySelector("[autofocus], .blocks input, .blocks textarea, .blocks select");
  (first ?? dialog.querySelector("footer button:last-child")).focus();
}

function restoreFocus() {
  if (opener?.isConnected && opener !== document.body) opener.focus();
  else byId("line").focus();
}
