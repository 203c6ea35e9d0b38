/**
 * Decides which names are time zones: the names of the IANA database, with links such as `Asia/Calcutta` and `US/Eastern`. The
 * JavaScript engine accepts more, and this file refuses it: abbreviations such as BST, which the engine reads as the time of
 * Bangladesh, names in any case, and offsets.
 */
import { closest, distance } from "fastest-levenshtein";

/** The names of the IANA database without an area before a `/`. `Factory` is left out, because the engine does not know it. */
const NAMES_WITHOUT_AREA = new Set(
  (
    "CET CST6CDT Cuba EET EST EST5EDT Egypt Eire GB GB-Eire GMT GMT+0 GMT-0 GMT0 Greenwich HST Hongkong Iceland Iran " +
    "Israel Jamaica Japan Kwajalein Libya MET MST MST7MDT NZ NZ-CHAT Navajo PRC PST8PDT Poland Portugal ROC ROK " +
    "Singapore Turkey UCT UTC Universal W-SU WET Zulu"
  ).split(" "),
);

/** How the IANA database writes names with an area: each word begins with a capital and goes on in small letters. */
const USUAL_SPELLING = /^(?:US|[A-Z][a-z]+)(?:\/[A-Z][a-z]+(?:[_-][A-Z][a-z]+)*)+$/;

/** The names below `Etc/` that are spelled in capitals. */
const ETC_IN_CAPITALS = /^Etc\/(?:UTC|UCT|GMT(?:0|[+-]\d{1,2})?)$/;

/** The names of the IANA database with an area that are spelled in another way. */
const OTHER_SPELLINGS = new Set(
  (
    "Africa/Dar_es_Salaam America/Argentina/ComodRivadavia America/Knox_IN America/Port-au-Prince " +
    "America/Port_of_Spain Antarctica/DumontDUrville Antarctica/McMurdo Australia/ACT Australia/LHI Australia/NSW " +
    "Brazil/DeNoronha Chile/EasterIsland Europe/Isle_of_Man Mexico/BajaNorte Mexico/BajaSur"
  ).split(" "),
);

/** Names with an area that the engine accepts and the IANA database does not have. */
const NOT_IANA = /^(?:SystemV\/|US\/Pacific-New$|Canada\/East-Saskatchewan$)/;

/** The zone that people mean by an abbreviation that is not the name of a zone. */
const MEANT_BY_ABBREVIATION: Readonly<Record<string, string | undefined>> = {
  ACT: "Australia/Darwin",
  ADT: "America/Halifax",
  AEDT: "Australia/Sydney",
  AEST: "Australia/Sydney",
  AKST: "America/Anchorage",
  AST: "America/Halifax",
  BRT: "America/Sao_Paulo",
  BST: "Europe/London",
  CAT: "Africa/Maputo",
  CDT: "America/Chicago",
  CEST: "Europe/Berlin",
  CST: "America/Chicago",
  CTT: "Asia/Shanghai",
  EAT: "Africa/Nairobi",
  ECT: "Europe/Paris",
  EDT: "America/New_York",
  EEST: "Europe/Athens",
  ET: "America/New_York",
  HKT: "Asia/Hong_Kong",
  IST: "Asia/Kolkata",
  JST: "Asia/Tokyo",
  KST: "Asia/Seoul",
  MDT: "America/Denver",
  MESZ: "Europe/Berlin",
  MEZ: "Europe/Berlin",
  MSK: "Europe/Moscow",
  MT: "America/Denver",
  NDT: "America/St_Johns",
  NST: "America/St_Johns",
  NZDT: "Pacific/Auckland",
  NZST: "Pacific/Auckland",
  PDT: "America/Los_Angeles",
  PRT: "America/Puerto_Rico",
  PST: "America/Los_Angeles",
  PT: "America/Los_Angeles",
  SGT: "Asia/Singapore",
  SST: "Pacific/Pago_Pago",
  WEST: "Europe/Lisbon",
  Z: "UTC",
};

/** A part of a name is taken for a misspelling when it needs at most one edit for so many of its characters. */
const CHARACTERS_PER_EDIT = 4;

/** Whether `name` is a zone of the IANA database, is written as in the database, and is known to the engine. */
export function isZoneName(name: string): boolean {
  if (nameInEngine(name) === undefined || NOT_IANA.test(name)) return false;
  if (!name.includes("/")) return NAMES_WITHOUT_AREA.has(name);
  // The engine knows a name in any case, and does not tell how the database spells it.
  return USUAL_SPELLING.test(name) || ETC_IN_CAPITALS.test(name) || OTHER_SPELLINGS.has(name);
}

/** The zone that was probably meant by a name that is not a zone; undefined when there is no good guess. */
export function zoneMeantBy(name: string): string | undefined {
  const text = name.trim();
  const names = [...Intl.supportedValuesOf("timeZone"), ...NAMES_WITHOUT_AREA];
  const lower = text.toLowerCase();
  const inOtherCase = names.find((zone) => zone.toLowerCase() === lower);
  const place = `/${lower.replaceAll(" ", "_")}`;
  const known = nameInEngine(text);
  return (
    MEANT_BY_ABBREVIATION[text.toUpperCase()] ??
    zoneOfOffset(text) ??
    inOtherCase ??
    names.find((zone) => zone.toLowerCase().endsWith(place)) ??
    (known !== undefined && known !== text && isZoneName(known) ? known : undefined) ??
    similar(text, names)
  );
}

/** The zone of an offset such as `UTC+2`, `GMT-05:00` or `+02:00`. The names of these zones have the opposite sign. */
function zoneOfOffset(text: string): string | undefined {
  const [, sign, hours = "", minutes = "0"] = /^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?$/i.exec(text) ?? [];
  if (sign === undefined || Number(minutes) !== 0) return undefined;
  if (Number(hours) === 0) return "UTC";
  const zone = `Etc/GMT${sign === "+" ? "-" : "+"}${Number(hours)}`;
  return isZoneName(zone) ? zone : undefined;
}

/** The zone whose name is a likely misspelling away: each part of it, area and place, differs by few edits. */
function similar(text: string, names: string[]): string | undefined {
  const nearest = closest(text, names);
  const parts = text.split("/");
  const nearestParts = nearest.split("/");
  const isMisspelling = (part: string, index: number): boolean =>
    distance(part, nearestParts[index] ?? "") <= Math.floor(part.length / CHARACTERS_PER_EDIT);
  // A short name with a digit, such as GMT1, is an offset rather than a misspelling.
  const isOffset = parts.length === 1 && /\d/.test(text);
  return !isOffset && parts.length === nearestParts.length && parts.every(isMisspelling)
    ? nearest
    : undefined;
}

/** The engine's own name of a zone. Undefined when the engine does not know the zone, and for offsets such as `+02:00`. */
function nameInEngine(name: string): string | undefined {
  if (!/^[A-Za-z]/.test(name)) return undefined;
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
}
