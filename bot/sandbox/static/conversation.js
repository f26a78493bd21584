// The messages of one conversation. Only what has changed is drawn anew, so that
// focus and scroll position survive.
import { post } from "/sandbox/static/api.js";
import { renderBlocks } from "/sandbox/static/blocks.js";
import { dayOf, sentAt } from "/sandbox/static/dates.js";
import { avatar, byId, el } from "/sandbox/static/dom.js";
import { mrkdwn } from "/sandbox/static/mrkdwn.js";

const openThreads = new Set();
const dismissed = new Set();
let drawn = new Map(); // key → { node, print }

/** Draw the messages of `conversation` for the person in `context`. */
export function drawConversation(conversation, context) {
  const items = timeline(conversation);
  const list = byId("messages");
  const focusedKey = document.activeElement?.closest?.("[data-key]")?.dataset.key;
  const next = new Map();
  const nodes = [];
  let day = null;
  for (const item of items) {
    const itsDay = dayOf(item.ts);
    if (itsDay !== day) {
      day = itsDay;
      nodes.push(keep(next, `${conversation.id}-${day}`, day, () => el("li.day", {}, el("span", {}, day))));
    }
    const key = `${conversation.id}-${item.ts}`;
    const print = JSON.stringify(item);
    const before = drawn.get(key)?.node;
    const node = keep(next, key, print, () => draw(item, key, conversation, context));
    if (before && before !== node) node.classList.add("changed");
    nodes.push(node);
  }
  if (!items.length) nodes.push(empty(conversation));
  drawn = next;
  place(list, nodes);
  const lost = focusedKey && document.activeElement === document.body;
  if (lost) next.get(focusedKey)?.node.focus();
}

/** What was drawn before, if it still looks the same; else what `make` draws. */
function keep(next, key, print, make) {
  const known = drawn.get(key);
  const kept = known?.print === print ? known : { node: make(), print };
  next.set(key, kept);
  return kept.node;
}

/** Put nodes in order. What stays is not moved: moving would take its focus. */
function place(list, nodes) {
  const wanted = new Set(nodes);
  for (const node of [...list.children]) if (!wanted.has(node)) node.remove();
  nodes.forEach((node, index) => {
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
}

function timeline(conversation) {
  const whispers = conversation.ephemerals
    .filter((one) => !dismissed.has(one.ts))
    .map((one) => ({ ...one, isEphemeral: true, thread: [] }));
  return [...conversation.messages, ...whispers].sort((a, b) => Number(a.ts) - Number(b.ts));
}

function draw(item, key, conversation, context) {
  const failure = el("p.failure", { role: "alert", hidden: true });
  const press = async (actionId, value) => {
    failure.hidden = true;
    const told = await post("click", {
      user: context.person, channel: conversation.id, ts: item.ts, action_id: actionId, value,
    });
    if (told.error) {
      failure.textContent = `⚠ That did not work (${told.error}). Press again.`;
      failure.hidden = false;
    }
  };
  const node = el(
    `li.message${item.isEphemeral ? ".ephemeral" : ""}`,
    { id: key, "data-key": key, "data-ts": item.ts, tabindex: "-1" },
    avatar("j", { bot: true }),
    el(
      "div.content",
      {},
      el("p.from", {},
        el("strong", {}, context.bot.name), el("span.app", {}, "app"), sentAt(item.ts),
        item.isEphemeral ? privacy(item, () => drawConversation(conversation, context)) : null),
      el("div.blocks", {}, content(item, { names: context.names, press })),
      failure,
      item.thread.length ? thread(item, key, context) : null,
    ),
  );
  return node;
}

function content(item, look) {
  return item.blocks.length
    ? renderBlocks(item.blocks, look)
    : el("div.words", {}, mrkdwn(item.text, look.names));
}

function privacy(item, redraw) {
  const hide = () => {
    dismissed.add(item.ts);
    redraw();
  };
  return el("span.private", {}, "Only visible to you",
    el("button.link", { type: "button", onclick: hide }, "Dismiss"));
}

function thread(item, key, context) {
  const replies = item.thread;
  const press = () => undefined;
  const node = el(
    "details.thread",
    { open: openThreads.has(key) },
    el("summary", {}, replies.length === 1 ? "1 reply" : `${replies.length} replies`),
    el("ol", {}, replies.map((reply) =>
      el("li.reply", { "data-ts": reply.ts },
        el("div.blocks", {}, content(reply, { names: context.names, press })), sentAt(reply.ts)))),
  );
  node.addEventListener("toggle", () => {
    if (node.open) openThreads.add(key);
    else openThreads.delete(key);
  });
  return node;
}

function empty(conversation) {
  const words = conversation.is_im
    ? "What jitsudo tells you in private appears here."
    : "Nothing has been asked for yet. Try the first command below.";
  return el("li.empty", {}, el("p", {}, words));
}
