/** On which thread a cron runs, and what is done while an earlier run goes on. */
import { Checkbox, NativeSelect, Radio, TextInput } from "@mantine/core";
import { Section } from "../../components/page";
import classes from "./cron-form.module.css";
import { type CronFormState, inputProps } from "./form-state";

interface ThreadSectionProps {
  readonly form: CronFormState;
  /** A cron that exists stays with its thread, or without one. */
  readonly isNew: boolean;
}

const STRATEGIES = [
  { value: "enqueue", label: "Wait for it, then run" },
  { value: "reject", label: "Skip the new run" },
  { value: "interrupt", label: "Interrupt the earlier run" },
  { value: "rollback", label: "Roll the earlier run back" },
];

export function ThreadSection({ form, isNew }: ThreadSectionProps) {
  const onThread = form.values.on_run_completed === "thread";
  const canBeStateless = isNew || !onThread;
  return (
    <Section title="Thread">
      <div className="stack">
        <Radio.Group
          label="Each run has"
          name="on_run_completed"
          value={form.values.on_run_completed}
          error={form.faultOf("on_run_completed")}
          onChange={(value) => {
            form.set("on_run_completed", value);
          }}
        >
          <div className={classes.choices}>
            {canBeStateless && (
              <>
                <Radio
                  value="delete"
                  label="A new thread, deleted after the run"
                  description="The record of the run stays: its status, tokens and error."
                />
                <Radio
                  value="keep"
                  label="A new thread, kept"
                  description="To look at its state and to go on with it. See “Threads kept” and “Time to live of threads”."
                />
              </>
            )}
            {(isNew || onThread) && (
              <Radio
                value="thread"
                label="One thread for all runs"
                description="Each run goes on from the state of the run before."
              />
            )}
          </div>
        </Radio.Group>
        {onThread && (
          <div className={classes.pair}>
            <TextInput
              label="Thread"
              description={isNew ? "Its id." : "It cannot be changed."}
              readOnly={!isNew}
              classNames={{ input: classes.code ?? "" }}
              {...inputProps(form, "thread_id")}
            />
            {isNew && (
              <Checkbox
                className={classes.besideInput ?? ""}
                label="Make the thread if it does not exist"
                checked={form.values.if_not_exists === "create"}
                onChange={({ currentTarget }) => {
                  form.set("if_not_exists", currentTarget.checked ? "create" : "");
                }}
              />
            )}
          </div>
        )}
        <NativeSelect
          className={classes.narrow ?? ""}
          label="While an earlier run goes on"
          data={[
            ...(onThread ? [] : [{ value: "", label: "Run side by side (default)" }]),
            ...STRATEGIES.map(({ value, label }) =>
              onThread && value === "enqueue" ? { value, label: `${label} (default)` } : { value, label },
            ),
          ]}
          {...inputProps(form, "multitask_strategy")}
          value={
            onThread && form.values.multitask_strategy === "" ? "enqueue" : form.values.multitask_strategy
          }
        />
      </div>
    </Section>
  );
}
