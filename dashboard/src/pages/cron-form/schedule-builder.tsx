/** Builds a schedule without cron expressions. The expression is what counts: this shows what it says, where it can, and changes it. */
import { Checkbox, Group, NativeSelect, TextInput } from "@mantine/core";
import {
  begun,
  type BuiltSchedule,
  builtOf,
  EVEN_MINUTES,
  expressionOf,
  LAST_DAY,
  type ScheduleKind,
} from "./built-schedule";
import classes from "./cron-form.module.css";
import { MEANING_BELOW } from "./form-state";

const KINDS: readonly { value: ScheduleKind; label: string }[] = [
  { value: "minutes", label: "Every few minutes" },
  { value: "hourly", label: "Every hour" },
  { value: "daily", label: "Every day" },
  { value: "weekdays", label: "Monday to Friday" },
  { value: "weekly", label: "On days of the week" },
  { value: "monthly", label: "Every month" },
];
const OWN = { value: "", label: "By a cron expression" };

/** From Monday on, as numbers of cron expressions. */
const WEEKDAYS: readonly { number: number; name: string }[] = [
  { number: 1, name: "Mon" },
  { number: 2, name: "Tue" },
  { number: 3, name: "Wed" },
  { number: 4, name: "Thu" },
  { number: 5, name: "Fri" },
  { number: 6, name: "Sat" },
  { number: 0, name: "Sun" },
];

interface ScheduleBuilderProps {
  readonly expression: string;
  readonly onExpression: (expression: string) => void;
}

export function ScheduleBuilder({ expression, onExpression }: ScheduleBuilderProps) {
  const built = builtOf(expression);
  const change = (schedule: BuiltSchedule): void => {
    onExpression(expressionOf(schedule));
  };
  return (
    <>
      <NativeSelect
        {...MEANING_BELOW}
        label="Repeats"
        description="Or type an expression below."
        value={built?.kind ?? OWN.value}
        data={[...KINDS, ...(built === null ? [OWN] : [])]}
        onChange={({ currentTarget }) => {
          if (currentTarget.value !== OWN.value) change(begun(currentTarget.value as ScheduleKind, built));
        }}
      />
      {built !== null && <Details built={built} onChange={change} />}
    </>
  );
}

interface DetailsProps {
  readonly built: BuiltSchedule;
  readonly onChange: (built: BuiltSchedule) => void;
}

function Details({ built, onChange }: DetailsProps) {
  if (built.kind === "minutes")
    return (
      <NativeSelect
        {...MEANING_BELOW}
        label="Minutes between two times"
        description="Those that divide an hour."
        value={String(built.every)}
        data={EVEN_MINUTES.map(String)}
        onChange={({ currentTarget }) => {
          onChange({ ...built, every: Number(currentTarget.value) });
        }}
      />
    );
  if (built.kind === "hourly")
    return (
      <NativeSelect
        {...MEANING_BELOW}
        label="Minute of the hour"
        description="Of every hour, all days."
        value={String(built.minute)}
        data={Array.from({ length: 60 }, (_, minute) => String(minute))}
        onChange={({ currentTarget }) => {
          onChange({ ...built, minute: Number(currentTarget.value) });
        }}
      />
    );
  return (
    <>
      <TextInput
        {...MEANING_BELOW}
        type="time"
        label="At"
        description="By the clocks of the time zone."
        value={built.time}
        onChange={({ currentTarget }) => {
          if (currentTarget.value !== "") onChange({ ...built, time: currentTarget.value });
        }}
      />
      {built.kind === "weekly" && (
        <Checkbox.Group
          className={classes.wide ?? ""}
          label="Days of the week"
          value={built.days.map(String)}
          onChange={(days) => {
            if (days.length > 0) onChange({ ...built, days: days.map(Number) });
          }}
        >
          <Group gap="md" mt="xs">
            {WEEKDAYS.map(({ number, name }) => (
              <Checkbox key={name} value={String(number)} label={name} />
            ))}
          </Group>
        </Checkbox.Group>
      )}
      {built.kind === "monthly" && (
        <NativeSelect
          {...MEANING_BELOW}
          label="Day of the month"
          description="A month without this day is left out."
          value={built.day}
          data={[
            ...Array.from({ length: 31 }, (_, day) => String(day + 1)),
            { value: LAST_DAY, label: "the last day" },
          ]}
          onChange={({ currentTarget }) => {
            onChange({ ...built, day: currentTarget.value });
          }}
        />
      )}
    </>
  );
}
