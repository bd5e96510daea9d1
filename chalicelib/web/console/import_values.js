// Read the numbers, dates and phone numbers of a row as crmctl does. What has two meanings is refused, with the remedy.

// A value that cannot be sent. It rejects its row.
export class Invalid extends Error {
  constructor(code, reason) {
    super(reason);
    this.code = code;
  }
}

const quote = (text) => (text ? `'${text.length > 40 ? `${text.slice(0, 40)}...` : text}'` : "(empty)");

// Equal for texts that may be the same to the API.
export const normalize = (text) => text.normalize("NFKC").toUpperCase().toLowerCase().split(/\s+/).filter(Boolean).join(" ");

const BLANKS = " \u00a0\u202f\u2009";
const escaped = (text) => text.replace(/[\\\]^-]/g, "\\$&");
const trimmed = (text) => text.trim().replace(new RegExp(`^[${BLANKS}]+|[${BLANKS}]+$`, "g"), "");
const LOCAL = /^(\d{1,2})([./-])(\d{1,2})\2(\d{4})/;

// What the values of a table show: the decimal mark, and the order of day and month.
export class Evidence {
  marks = new Set();
  orders = new Set();

  note(values, { numbers, dates }) {
    for (const name of numbers) {
      const found = /[.,](\d+)\D*$/.exec(values[name] ?? "");
      if (found && found[1].length !== 3) this.marks.add(found[0][0]); // three digits behind a mark show nothing
    }
    for (const name of dates) {
      const found = LOCAL.exec(values[name] ?? "");
      if (found && localMoment(values[name]) && (found[1] > 12) !== (found[3] > 12)) this.orders.add(found[1] > 12 ? "dmy" : "mdy");
    }
  }

  // `stated` is what the user says, before what the preset says.
  formats(preset, user) {
    const taken = [user.decimal, user.thousands].filter(Boolean);
    const stated = { ...Object.fromEntries(Object.entries(preset).filter(([name, text]) => !["decimal", "thousands"].includes(name) || !taken.includes(text))), ...user };
    const thousands = stated.thousands ?? "";
    const shown = this.marks.size === 1 && this.marks.has(",") ? "," : ".";
    const decimal = stated.decimal || (this.marks.size ? shown : { ",": ".", ".": "," }[thousands] ?? ".");
    const order = this.orders.size === 1 ? [...this.orders][0] : null;
    return { decimal, thousands, currency: stated.currency ?? "", isStated: Boolean(stated.decimal || (thousands && thousands !== decimal)), dates: stated.dates || order };
  }
}

// The number with a point and without signs, or a text that is no number.
function plain(text, { decimal, thousands, currency }) {
  let number = text.replace(/[\u2212\u2013]/g, "-");
  for (const sign of currency.split(/\s+/).filter(Boolean)) number = number.replaceAll(sign, "");
  number = trimmed(number);
  if (thousands) {
    const at = number.indexOf(decimal);
    const [whole, rest] = at < 0 ? [number, ""] : [number.slice(0, at), number.slice(at)];
    number = whole.replace(new RegExp(`(?<=\\d)[${escaped(thousands === " " ? BLANKS : thousands)}](?=\\d{3}(?:\\D|$))`, "g"), "") + rest;
  }
  if (decimal === ",") number = number.includes(".") ? "" : number.replaceAll(",", ".");
  return number;
}

function refuseAmbiguous(name, text, number, formats) {
  if (formats.isStated || !/^[+-]?[1-9]\d{0,2}\.\d{3}$/.test(number)) return;
  const [whole, thousandths] = number.split(".");
  throw new Invalid("INVALID_NUMBER", `${name} ${quote(text)} is ambiguous: write ${whole} or ${whole}${thousandths}, or choose the decimal mark`);
}

export function decimalOf(name, text, formats) {
  const number = plain(text, formats);
  refuseAmbiguous(name, text, number, formats);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(number)) {
    throw new Invalid("INVALID_NUMBER", `${name} ${quote(text)} is not a number; expected digits like 1234${formats.decimal}50. The options say how numbers are written`);
  }
  return number;
}

export function integerOf(name, text, formats) {
  const number = plain(text, formats);
  refuseAmbiguous(name, text, number, formats);
  const found = /^([+-]?\d{1,10})(\.0+)?$/.exec(number);
  if (!found || Number(found[1]) >= 2 ** 31 || Number(found[1]) < -(2 ** 31)) throw new Invalid("INVALID_NUMBER", `${name} ${quote(text)} is not a whole number`);
  return Number(found[1]) + 0; // never -0
}

// The number as a text if it is not whole, else null.
export function fractionOf(name, text, formats) {
  const number = plain(text, formats);
  if (!/^[+-]?\d{1,10}\.\d+$/.test(number) || /^[+-]?\d{1,10}\.0+$/.test(number)) return null;
  refuseAmbiguous(name, text, number, formats);
  return number;
}

const TIME = String.raw`(?:,?[ T]+(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:\.\d+)?)?\s*(?<half>[AaPp]\.?[Mm]\.?)?)?`;
const ZONE = String.raw`\s*(?<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?`;
const DAY_OR_MONTH = new RegExp(String.raw`^(?<first>\d{1,2})([./-])(?<other>\d{1,2})\2(?<year>\d{4})${TIME}${ZONE}$`);
const YEAR_FIRST = new RegExp(String.raw`^(?<year>\d{4})([./-])(?<first>\d{1,2})\2(?<other>\d{1,2})${TIME}${ZONE}$`);
const ISO = /^(\d{4})(?:-(\d\d)-(\d\d)|(\d\d)(\d\d))(?:[Tt ](?<hour>\d\d)(?::?(?<minute>\d\d)(?::?(?<second>\d\d)(?:[.,](?<fraction>\d+))?)?)?(?<zone>Z|[+-]\d\d(?::?\d\d)?)?)?$/;
const localMoment = (text) => DAY_OR_MONTH.exec(text)?.groups;

// Return {at, day}: the time in UTC, and the day where it was written. A day without a time stays as it is: the API knows the time
// zone in which it is meant.
export function momentOf(name, text, order) {
  const moment = readMoment(name, text, order);
  if (!moment) throw new Invalid("INVALID_DATE", `${name} ${quote(text)} is not a date; expected 2025-03-31 or 2025-03-31T12:00:00Z`);
  return moment;
}

function readMoment(name, text, order) {
  const iso = ISO.exec(text);
  if (iso) {
    const found = moment(iso[1], iso[2] ?? iso[4], iso[3] ?? iso[5], iso.groups);
    if (found) return found;
  }
  const yearFirst = YEAR_FIRST.exec(text)?.groups;
  if (yearFirst) return moment(yearFirst.year, yearFirst.first, yearFirst.other, yearFirst);
  const local = localMoment(text);
  if (!local) return null;
  if (Number(local.first) !== Number(local.other) && !order) {
    throw new Invalid("AMBIGUOUS_DATE", `${name} ${quote(text)} has two meanings: choose whether the day or the month comes first`);
  }
  return order === "dmy" ? moment(local.year, local.other, local.first, local) : moment(local.year, local.first, local.other, local);
}

function moment(year, month, day, { hour, minute, second, half, zone, fraction }) {
  let hours = Number(hour ?? 0);
  if (half) {
    if (hours < 1 || hours > 12) return null;
    hours = (hours % 12) + (/^p/i.test(half) ? 12 : 0);
  }
  if (hours > 23 || (minute ?? 0) > 59 || (second ?? 0) > 59) return null;
  const at = new Date(0);
  at.setUTCFullYear(year, month - 1, day);
  if (year < 1 || at.getUTCMonth() !== month - 1 || at.getUTCDate() !== Number(day)) return null;
  const written = at.toISOString().slice(0, 10);
  if (hour === undefined && !zone) return { at: written, day: written };
  const digits = (zone ?? "").replace(/\D/g, "");
  const minutes = digits ? (zone.startsWith("-") ? -1 : 1) * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) : 0;
  at.setUTCHours(hours, Number(minute ?? 0) - minutes, Number(second ?? 0));
  const text = at.toISOString();
  if (text.length > 24) return null;
  const micros = (fraction ?? "").slice(0, 6).padEnd(6, "0");
  return { at: `${text.slice(0, 19)}${Number(micros) ? `.${micros}` : ""}Z`, day: written };
}

const EXTENSION = /^(?<number>.*\d\)?)[\s,;]*(?:extension|ext\.?|x|#|dw\.?)\s*\d{1,8}$/i;
const SEVERAL = /\s*[;,|]\s*|\s+(?:or|oder|and|und)\s+/i;
const isPhone = (text) => text.length <= 40 && /^\+?[0-9 ().\-/]+$/.test(text) && text.replace(/\D/g, "").length >= 7 && text.replace(/\D/g, "").length <= 15;

const MAX_NOTE = 100;
const hasContent = (text) => /[\p{L}\p{N}]/u.test(text.replace(/[\u115f\u1160]/g, "")); // two letters are shown as blanks
const length = (text) => [...text].length;

// Return {phone, note, warning}. A phone number never costs a customer: what is no number is kept as a note.
export function phoneOf(text, given) {
  let shown = text.normalize("NFKC").replace(/[\p{Cf}\p{Cc}\p{Cs}]/gu, "").replace(/\p{Z}/gu, " ").replace(/\p{Pd}/gu, "-");
  shown = shown.trim().replace(/^['`\u2019"]+|['`\u2019"]+$/g, "").trim();
  const [phone, what] = numberOf(/^\p{L}/u.test(shown) ? shown.replace(/^(?:tel|phone|fon|mobile|mobil)\.?:?\s*/i, "") : shown);
  const own = given.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, "").trim();
  const note = [...new Set([own, what ? shown : ""].filter(hasContent))].join("; ");
  const warning = what && `phone ${quote(text)} ${what}`;
  if (length(note) <= MAX_NOTE) return { phone, note, warning };
  return {
    phone, note: `${[...note].slice(0, MAX_NOTE - 1).join("").trimEnd()}\u2026`,
    warning: `${warning ?? "the phone note is long"}; only the first ${MAX_NOTE} characters are kept`,
  };
}

// Return the number, and what else the text is.
function numberOf(shown) {
  if (!hasContent(shown)) return [null, null];
  if (isPhone(shown)) return [shown, null];
  const short = EXTENSION.exec(shown)?.groups.number;
  if (short && isPhone(short)) return [short, "has an extension, which is kept as a note"];
  const first = shown.split(SEVERAL)[0];
  if (first !== shown && isPhone(first)) return [first, `has several numbers; the first, ${first}, was taken, and all are kept as a note`];
  return [null, "is not a phone number and is kept as a note"];
}

const MAX_SKU = 64;

// An SKU that the API takes: a name that stands for a missing SKU may be long. The same text gives the same SKU.
export function fitSku(text) {
  const characters = [...text];
  if (characters.length <= MAX_SKU) return text;
  let mark = 0x811c9dc5; // FNV-1a
  for (const byte of new TextEncoder().encode(text)) mark = Math.imul(mark ^ byte, 0x01000193) >>> 0;
  return `${characters.slice(0, MAX_SKU - 9).join("").trimEnd()}~${mark.toString(16).padStart(8, "0")}`;
}
