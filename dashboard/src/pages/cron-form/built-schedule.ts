/** Schedules that can be built without knowing cron expressions: the expression of each, and back. */

export type BuiltSchedule =
  | { readonly kind: "minutes"; readonly every: number }
  | { readonly kind: "hourly"; readonly minute: number }
  | { readonly kind: "daily"; readonly time: string }
  | { readonly kind: "weekdays"; readonly time: string }
  | { readonly kind: "weekly"; readonly time: string; readonly days: readonly number[] }
  | { readonly kind: "monthly"; readonly time: string; readonly day: string };

export type ScheduleKind = BuiltSchedule["kind"];

/** They divide an hour, so the distances are even. */
export const EVEN_MINUTES = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30] as const;
export const LAST_DAY = "L";

const DEFAULT_TIME = "09:00";

/** A schedule of a kind, with as much of an earlier one as fits. */
export function begun(kind: ScheduleKind, earlier: BuiltSchedule | null): BuiltSchedule {
  const time = earlier !== null && "time" in earlier ? earlier.time : DEFAULT_TIME;
  switch (kind) {
    case "minutes":
      return { kind, every: 15 };
    case "hourly":
      return { kind, minute: 0 };
    case "daily":
    case "weekdays":
      return { kind, time };
    case "weekly":
      return { kind, time, days: [1] };
    case "monthly":
      return { kind, time, day: "1" };
  }
}

/** @returns such as `30 9 * * 1-5` */
export function expressionOf(built: BuiltSchedule): string {
  if (built.kind === "minutes") return built.every === 1 ? "* * * * *" : `*/${built.every} * * * *`;
  if (built.kind === "hourly") return `${built.minute} * * * *`;
  const [hour = "0", minute = "0"] = built.time.split(":");
  const at = `${Number(minute)} ${Number(hour)}`;
  switch (built.kind) {
    case "daily":
      return `${at} * * *`;
    case "weekdays":
      return `${at} * * 1-5`;
    case "weekly":
      return `${at} * * ${built.days.toSorted((a, b) => a - b).join(",")}`;
    case "monthly":
      return `${at} ${built.day} * *`;
  }
}

/** The schedule that an expression was built of; null when it is none that can be built. */
export function builtOf(expression: string): BuiltSchedule | null {
  const [minute = "", hour = "", day = "", month = "", weekday = "", ...more] = expression
    .trim()
    .split(/\s+/);
  if (more.length > 0 || month !== "*") return null;
  const isEveryDay = day === "*" && weekday === "*";
  if (hour === "*") return isEveryDay ? withinHours(minute) : null;
  const time = timeOf(minute, hour);
  if (time === null) return null;
  if (isEveryDay) return { kind: "daily", time };
  if (weekday === "*")
    return day === LAST_DAY || isNumber(day, 1, 31) ? { kind: "monthly", time, day } : null;
  if (day !== "*") return null;
  if (weekday === "1-5") return { kind: "weekdays", time };
  const days = weekday.split(",");
  return days.every((one) => isNumber(one, 0, 6)) ? { kind: "weekly", time, days: days.map(Number) } : null;
}

function withinHours(minute: string): BuiltSchedule | null {
  if (isNumber(minute, 0, 59)) return { kind: "hourly", minute: Number(minute) };
  const every = minute === "*" ? 1 : Number(/^\*\/(\d{1,2})$/.exec(minute)?.[1]);
  return EVEN_MINUTES.some((even) => even === every) ? { kind: "minutes", every } : null;
}

function timeOf(minute: string, hour: string): string | null {
  if (!isNumber(minute, 0, 59) || !isNumber(hour, 0, 23)) return null;
  return `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
}

const isNumber = (text: string, min: number, max: number): boolean =>
  /^\d{1,2}$/.test(text) && Number(text) >= min && Number(text) <= max;
