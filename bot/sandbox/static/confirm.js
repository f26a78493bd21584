// Asking once more before a button that has a confirm dialog.
import { byId, el } from "/sandbox/static/dom.js";
import { textObject } from "/sandbox/static/mrkdwn.js";

/** Ask; resolves to whether the answer was yes. */
export function confirmed(confirm, names) {
  if (!confirm) return Promise.resolve(true);
  const dialog = byId("confirm");
  const answer = (text, value, style) =>
    el(`button.button${style}`, { type: "submit", value }, text);
  const yes = answer(confirm.confirm?.text ?? "Yes", "yes", confirm.style === "danger" ? ".danger" : ".primary");
  dialog.replaceChildren(
    el(
      "form",
      { method: "dialog" },
      el("h2", { id: "confirm-title" }, confirm.title?.text ?? "Are you sure?"),
      el("p.words", {}, textObject(confirm.text, names)),
      el("div.answers", {}, answer(confirm.deny?.text ?? "Cancel", "no", ""), yes),
    ),
  );
  dialog.returnValue = "no";
  dialog.showModal();
  yes.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
