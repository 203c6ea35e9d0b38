/** When it runs: the schedule, typed or built, its zone and its end; beside it what that means, as it is typed. */
import { Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMemo } from "react";
import { useCronFigures, usePreview } from "../../api/crons";
import type { Preview } from "../../api/types";
import { Section } from "../../components/page";
import { ScheduleWarnings } from "../../components/schedule-warnings";
import { TimesTable } from "../../components/times-table";
import { fieldErrors } from "../../format/field-errors";
import { counted } from "../../format/figures";
import { endedRuns, forecastTokens } from "../../format/forecast";
import { parseTyped } from "../../format/time";
import { shortDescription } from "../../format/schedule-words";
import classes from "./cron-form.module.css";
import { type CronFormState, inputProps, MEANING_BELOW } from "./form-state";
import { ScheduleBuilder } from "./schedule-builder";

const TYPING_MS = 300;
const SHOWN = 6;
const PREVIEWED: ReadonlySet<string> = new Set(["schedule", "timezone", "end_time"]);

interface WhenSectionProps {
  readonly form: CronFormState;
  /** A cron whose runs tell what a run uses. */
  readonly likeCronId: string | undefined;
}

export function WhenSection({ form, likeCronId }: WhenSectionProps) {
  const { schedule, timezone, end_time: endTime } = form.values;
  const [typed] = useDebouncedValue(JSON.stringify({ schedule, timezone, endTime }), TYPING_MS);
  const asked = JSON.parse(typed) as { schedule: string; timezone: string; endTime: string };
  const endAsked = parseTyped(asked.endTime, "UTC");
  const preview = usePreview({
    schedule: asked.schedule.trim(),
    ...(asked.timezone !== "UTC" && { timezone: asked.timezone }),
    ...(endAsked !== null && { end_time: endAsked }),
    count: SHOWN,
  });
  const { fields, other } = fieldErrors(preview.error, PREVIEWED);
  return (
    <Section title="When">
      <div className={classes.when}>
        <div className={classes.fields}>
          <ScheduleBuilder
            expression={schedule}
            onExpression={(expression) => {
              form.set("schedule", expression);
            }}
          />
          <TextInput
            className={classes.wide ?? ""}
            classNames={{ input: classes.code ?? "" }}
            label="Cron expression"
            description="Minute, hour, day of the month, month, weekday; or six fields, with seconds first."
            required
            spellCheck={false}
            autoComplete="off"
            {...inputProps(form, "schedule")}
            error={form.faultOf("schedule") ?? fields.schedule}
          />
          <ZonePicker form={form} error={form.faultOf("timezone") ?? fields.timezone} />
          <TextInput
            type="datetime-local"
            label="End (UTC)"
            description="No time at or after it fires."
            {...inputProps(form, "end_time")}
            error={form.faultOf("end_time") ?? fields.end_time}
          />
        </div>
        <div role="group" aria-label="What the schedule means" className={classes.preview}>
          {preview.isError ? (
            <p className="muted">{other ?? "The schedule cannot be used as it is."}</p>
          ) : (
            preview.data !== undefined && <Meaning preview={preview.data} likeCronId={likeCronId} />
          )}
        </div>
      </div>
    </Section>
  );
}

function Meaning({ preview, likeCronId }: { preview: Preview; likeCronId: string | undefined }) {
  return (
    <>
      <div aria-live="polite">
        <p className={classes.meaning}>{shortDescription(preview.description)}</p>
        <p>
          Fires <strong>{counted(preview.times_in_30_days, "time")}</strong> in the next 30 days, and{" "}
          {counted(preview.times_in_365_days, "time")} within a year.
          {likeCronId !== undefined && <Cost cronId={likeCronId} times={preview.times_in_30_days} />}
        </p>
      </div>
      <ScheduleWarnings warnings={preview.warnings} />
      <TimesTable preview={preview} />
    </>
  );
}

/** What so many times cost, if each uses what the runs of this cron used. */
function Cost({ cronId, times }: { cronId: string; times: number }) {
  const { data: figures } = useCronFigures(cronId);
  if (figures === undefined || endedRuns(figures) === 0) return null;
  return (
    <>
      {" "}
      That is <strong>{forecastTokens(figures, times)} tokens</strong> in 30 days, if each run uses what the
      runs so far used on average.
    </>
  );
}

function ZonePicker({ form, error }: { form: CronFormState; error: string | undefined }) {
  const { timezone } = form.values;
  const zones = useMemo(
    // A cron may have a zone by another of its names.
    () => [...new Set(["UTC", timezone, ...Intl.supportedValuesOf("timeZone")])],
    [timezone],
  );
  return (
    <Select
      {...MEANING_BELOW}
      label="Time zone"
      description="Whose clocks the schedule goes by."
      searchable
      limit={100}
      allowDeselect={false}
      nothingFoundMessage="There is no such time zone."
      name="timezone"
      value={timezone}
      error={error}
      data={zones}
      onChange={(zone) => {
        form.set("timezone", zone ?? "UTC");
      }}
    />
  );
}
