// The page: follows what one person sees and draws it.
import { follow } from "/sandbox/static/api.js";
import { prepareComposer } from "/sandbox/static/composer.js";
import { drawConversation } from "/sandbox/static/conversation.js";
import { avatar, byId, el } from "/sandbox/static/dom.js";
import { prepareModal, showModal } from "/sandbox/static/modal.js";
import { drawHome, openHome } from "/sandbox/static/home.js";
import { HOME, drawSidebar, prepareSidebar } from "/sandbox/static/sidebar.js";

const person = new URLSearchParams(location.search).get("as") ?? "";
const lastSeen = new Map(); // conversation → ts of the newest message that was looked at
let seen = null;
let current = null;
let isFirst = true;

/** The conversation that the address names, or the first. */
function currentConversation() {
  const [id] = decodeURIComponent(location.hash.slice(1)).split("-");
  return seen.conversations.find((one) => one.id === id) ?? seen.conversations[0];
}

const newest = (one) => Math.max(0, ...one.messages.map((message) => Number(message.ts)));

function unread(one) {
  const since = lastSeen.get(one.id) ?? 0;
  return one.messages.filter((message) => Number(message.ts) > since).length;
}

function names() {
  return {
    me: seen.me.id,
    people: new Map([[seen.bot.id, seen.bot.name], ...seen.people.map((one) => [one.id, one.display_name || one.name])]),
    channels: new Map(seen.conversations.map((one) => [one.id, one.name])),
  };
}

function draw() {
  const isHome = decodeURIComponent(location.hash.slice(1)) === HOME;
  byId("home").hidden = !isHome;
  byId("messages").hidden = isHome;
  byId("composer").hidden = isHome;
  if (isHome) drawHomePage();
  else drawRoom();
}

/** App Home; the app hears each time that somebody comes to it. */
function drawHomePage() {
  if (current !== HOME) openHome(person);
  current = HOME;
  const context = { person, names: names() };
  drawBar(null);
  drawSidebar(seen, { current, unread });
  drawHome(seen.home, context);
  showModal(seen.views, context);
}

function drawRoom() {
  const conversation = currentConversation();
  const scroll = byId("scroll");
  const hasMoved = current !== conversation.id;
  const wasAtEnd = hasMoved || scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 120;
  if (isFirst) for (const one of seen.conversations) lastSeen.set(one.id, newest(one));
  current = conversation.id;
  lastSeen.set(current, newest(conversation));
  const context = { person, names: names(), bot: seen.bot };
  drawBar(conversation);
  drawSidebar(seen, { current, unread });
  drawConversation(conversation, context);
  showModal(seen.views, context);
  if (wasAtEnd) scroll.scrollTop = scroll.scrollHeight;
  if (hasMoved) showLinked();
  isFirst = false;
}

function factsOf(conversation) {
  if (!conversation) return ["What the app shows to you alone"];
  const facts = conversation.is_im
    ? ["Direct messages from the app"]
    : [`${conversation.members} people`];
  if (conversation.is_ext_shared) facts.push("shared with another company");
  if (conversation.is_archived) facts.push("archived");
  if (!conversation.is_im && !conversation.is_member) facts.push("the app is not in this channel");
  return facts;
}

/** The bar over a conversation, or over App Home. */
function drawBar(conversation) {
  const isApp = !conversation || conversation.is_im;
  const name = isApp ? seen.bot.name : `# ${conversation.name}`;
  byId("name").textContent = name;
  byId("topic").textContent = factsOf(conversation).join(" · ");
  byId("self").replaceChildren(
    avatar(seen.me.name),
    el("span", {}, el("small", {}, "You are"), seen.me.display_name || seen.me.name),
  );
  document.title = `${name} · ${seen.me.name}`;
}

/** Scroll to the message that the address names. */
function showLinked() {
  const linked = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (linked?.matches(".message")) {
    linked.scrollIntoView({ block: "center" });
    linked.focus();
  }
}

/** Say that the address names nobody, and lead to who there is. */
function drawNobody(people) {
  const links = people.map((name) => el("li", {}, el("a", { href: `?as=${encodeURIComponent(name)}` }, name)));
  byId("name").textContent = "Nobody";
  byId("topic").textContent = "";
  byId("composer").hidden = true;
  byId("scroll").replaceChildren(
    el("div.nobody", { role: "alert" }, el("p", {}, `There is no “${person}” here. Act as:`), el("ul", {}, links)),
  );
  document.title = "Nobody · Sandbox workspace";
}

if (!person) {
  location.replace(`/sandbox/?as=alice${location.hash}`);
} else {
  prepareModal();
  prepareSidebar();
  prepareComposer(() => ({ person, conversation: current }));
  window.addEventListener("hashchange", () => seen && draw());
  follow(person, {
    seen: (now) => {
      seen = now;
      draw();
    },
    connected: (is) => {
      byId("offline").hidden = is;
    },
    nobody: drawNobody,
  });
  byId("line").focus({ preventScroll: true });
}
