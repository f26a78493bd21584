// Slack's mrkdwn and text objects as DOM nodes.
import { dateToken } from "/sandbox/static/dates.js";
import { el } from "/sandbox/static/dom.js";

const EMOJI = {
  "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎", white_check_mark: "✅",
  heavy_check_mark: "✔️", x: "❌", no_entry: "⛔", no_entry_sign: "🚫", warning: "⚠️",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", stopwatch: "⏱️", alarm_clock: "⏰",
  lock: "🔒", unlock: "🔓", key: "🔑", closed_lock_with_key: "🔐", eyes: "👀",
  rotating_light: "🚨", bell: "🔔", information_source: "ℹ️", tada: "🎉", robot_face: "🤖",
  large_green_circle: "🟢", large_yellow_circle: "🟡", red_circle: "🔴", white_circle: "⚪",
  large_blue_circle: "🔵", black_circle: "⚫", speech_balloon: "💬", wave: "👋", fire: "🔥",
  arrow_right: "➡️", shield: "🛡️", leftwards_arrow_with_hook: "↩️", zzz: "💤", bulb: "💡",
};

const INLINE = new RegExp(
  [
    "<([^<>]+)>",
    "`([^`\\n]+)`",
    "(?<![\\w*])\\*(?=\\S)([^*\\n]*?\\S)\\*(?![\\w*])",
    "(?<![\\w_])_(?=\\S)([^_\\n]*?\\S)_(?![\\w_])",
    "(?<![\\w~])~(?=\\S)([^~\\n]*?\\S)~(?![\\w~])",
    ":([a-z0-9_+-]+):",
  ].join("|"),
  "g",
);

const unescape = (text) =>
  text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

/** Nodes of mrkdwn text. `names` turns ids of people and channels into names. */
export function mrkdwn(text, names) {
  return text.split(/```/).flatMap((piece, index) => {
    if (index % 2) return [el("pre", {}, unescape(piece.replace(/^\n/, "").replace(/\n$/, "")))];
    return lines(piece, names);
  });
}

/** Nodes of a text object, mrkdwn or plain. */
export function textObject(object, names) {
  if (object.type === "mrkdwn") return mrkdwn(object.text, names);
  return plain(object.text, { emoji: object.emoji !== false });
}

/** Nodes of plain text: no markup, emoji perhaps, line breaks kept. */
export function plain(text, { emoji = true } = {}) {
  const shown = emoji
    ? text.replace(/:([a-z0-9_+-]+):/g, (all, name) => EMOJI[name] ?? all)
    : text;
  return [document.createTextNode(shown)];
}

function lines(text, names) {
  const nodes = [];
  let quoted = null;
  text.split("\n").forEach((line, index) => {
    const match = /^(?:&gt;|>) ?(.*)$/.exec(line);
    if (match) {
      if (!quoted) nodes.push((quoted = el("blockquote")));
      else quoted.append("\n");
      quoted.append(...inline(match[1], names));
      return;
    }
    if (index > 0 && !quoted) nodes.push(document.createTextNode("\n"));
    quoted = null;
    nodes.push(...inline(line, names));
  });
  return nodes;
}

function inline(text, names) {
  const nodes = [];
  let done = 0;
  for (const match of text.matchAll(INLINE)) {
    nodes.push(unescape(text.slice(done, match.index)));
    done = match.index + match[0].length;
    const [all, token, code, bold, italic, struck, emoji] = match;
    if (token !== undefined) nodes.push(angle(token, names));
    else if (code !== undefined) nodes.push(el("code", {}, unescape(code)));
    else if (bold !== undefined) nodes.push(el("strong", {}, inline(bold, names)));
    else if (italic !== undefined) nodes.push(el("em", {}, inline(italic, names)));
    else if (struck !== undefined) nodes.push(el("s", {}, inline(struck, names)));
    else nodes.push(EMOJI[emoji] ?? all);
  }
  nodes.push(unescape(text.slice(done)));
  return nodes.filter((node) => node !== "");
}

function angle(token, names) {
  const bar = token.indexOf("|");
  const target = bar < 0 ? token : token.slice(0, bar);
  const label = bar < 0 ? null : unescape(token.slice(bar + 1));
  const mention = (text) => el("span.mention", {}, text);
  if (target.startsWith("@")) {
    const id = target.slice(1);
    return el(names.me === id ? "span.mention.me" : "span.mention", {}, `@${names.people.get(id) ?? label ?? id}`);
  }
  if (target.startsWith("#")) return mention(`#${label || names.channels.get(target.slice(1)) || target.slice(1)}`);
  if (target.startsWith("!date^")) {
    const [, seconds, format] = target.split("^");
    return dateToken(seconds, unescape(format ?? ""), label ?? "");
  }
  if (target.startsWith("!subteam^")) return mention(label || `@${target.split("^")[1]}`);
  if (/^!(here|channel|everyone)$/.test(target)) return mention(`@${target.slice(1)}`);
  if (/^(https?:|mailto:)/.test(target)) {
    return el("a", { href: unescape(target), rel: "noopener noreferrer", target: "_blank" }, label ?? unescape(target));
  }
  return el("span", {}, label ?? `<${unescape(token)}>`);
}

/** A link, mention or piece of text inside a rich_text block. */
export function richLeaf(leaf, names) {
  switch (leaf.type) {
    case "text": {
      let node = el("span", {}, leaf.text);
      const style = leaf.style ?? {};
      for (const [name, tag] of [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"]]) {
        if (style[name]) node = el(tag, {}, node);
      }
      return node;
    }
    case "user": return angle(`@${leaf.user_id}`, names);
    case "usergroup": return angle(`!subteam^${leaf.usergroup_id}`, names);
    case "channel": return angle(`#${leaf.channel_id}`, names);
    case "broadcast": return angle(`!${leaf.range}`, names);
    case "emoji": return document.createTextNode(EMOJI[leaf.name] ?? `:${leaf.name}:`);
    case "date": return dateToken(leaf.timestamp, leaf.format ?? "{date}", leaf.fallback ?? "");
    case "link":
      if (!/^https?:/.test(leaf.url)) return el("span", {}, leaf.text ?? leaf.url);
      return el("a", { href: leaf.url, rel: "noopener noreferrer", target: "_blank" }, leaf.text ?? leaf.url);
    default: return el("span");
  }
}
