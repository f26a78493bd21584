// Slack's date tokens and times, in the reader's own time zone.
import { el } from "/sandbox/static/dom.js";

const DAY = 86_400_000;

const LOOKS = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  time: { hour: "numeric", minute: "2-digit" },
  time_secs: { hour: "numeric", minute: "2-digit", second: "2-digit" },
};

const midnight = (when) => new Date(when).setHours(0, 0, 0, 0);

/** `today`, `yesterday`, `tomorrow`, or null for any other day. */
function nearDay(when, now = new Date()) {
  const days = Math.round((midnight(when) - midnight(now)) / DAY);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days] ?? null;
}

function part(name, when) {
  const plain = name.replace(/_pretty$/, "");
  if (plain === "ago") return ago(when);
  if (!(plain in LOOKS)) return null;
  const near = name.endsWith("_pretty") ? nearDay(when) : null;
  return near ?? new Intl.DateTimeFormat(undefined, LOOKS[plain]).format(when);
}

function ago(when) {
  const seconds = Math.round((when - Date.now()) / 1000);
  const units = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? units[3];
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  return words.format(Math.round(seconds / size), unit);
}

/** The element for `<!date^seconds^format^link|fallback>`. */
export function dateToken(seconds, format, fallback) {
  const when = new Date(Number(seconds) * 1000);
  if (Number.isNaN(when.getTime())) return el("span", {}, fallback);
  const text = format.replace(/\{(\w+)\}/g, (all, name) => part(name, when) ?? all);
  const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
  return el("time.date", { datetime: when.toISOString(), title: full.format(when) }, text);
}

/** When a message was sent. */
export function sentAt(ts) {
  const when = new Date(Number(ts) * 1000);
  const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
  return el(
    "time.at",
    { datetime: when.toISOString(), title: full.format(when) },
    new Intl.DateTimeFormat(undefined, LOOKS.time).format(when),
  );
}

/** The line between two days. */
export function dayOf(ts) {
  const when = new Date(Number(ts) * 1000);
  const near = nearDay(when);
  const text = near ?? new Intl.DateTimeFormat(undefined, LOOKS.date_long).format(when);
  return text[0].toUpperCase() + text.slice(1);
}
