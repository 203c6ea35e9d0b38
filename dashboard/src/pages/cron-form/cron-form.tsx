/** The form of a cron, new or changed. What the server finds wrong is shown where it was typed, and nothing that was typed is lost. */
import { Button, Checkbox, Group } from "@mantine/core";
import { CircleAlert } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useAssistantSchemas } from "../../api/assistants";
import { inputFault } from "../../components/graph-input/input-text";
import classes from "./cron-form.module.css";
import { type CronFormState } from "./form-state";
import { type Faults, faultsOf } from "./form-values";
import { MoreSection } from "./more-section";
import { PolicySections } from "./policy-sections";
import { ThreadSection } from "./thread-section";
import { WhatSection } from "./what-section";
import { WhenSection } from "./when-section";

interface CronFormProps {
  readonly form: CronFormState;
  readonly isNew: boolean;
  /** The cron that is changed or copied: its runs tell what a run uses. */
  readonly likeCronId?: string | undefined;
  /** Between the fields and the buttons. */
  readonly children?: ReactNode;
  readonly submitLabel: string;
  readonly canSubmit?: boolean;
  /** What else is wrong. */
  readonly moreFaults?: () => Faults;
  readonly onSubmit: () => Promise<unknown>;
  readonly onCancel: () => void;
}

export function CronForm({
  form,
  isNew,
  likeCronId,
  children,
  submitLabel,
  canSubmit = true,
  moreFaults,
  onSubmit,
  onCancel,
}: CronFormProps) {
  const [isSending, setSending] = useState(false);
  const [refusals, setRefusals] = useState(0);
  const element = useRef<HTMLFormElement>(null);
  const { assistant_id: assistantId } = form.values;
  const schemas = useAssistantSchemas(assistantId === "" ? undefined : assistantId);
  // After a refusal one goes on at the first field that is wrong.
  useEffect(() => {
    if (refusals === 0) return;
    element.current?.querySelector<HTMLElement>('[aria-invalid="true"], [role="alert"]')?.focus();
  }, [refusals]);

  const submit = async (): Promise<void> => {
    const input = inputFault(form.values.input, schemas.data?.input_schema);
    const faults = { ...faultsOf(form.values), ...moreFaults?.(), ...(input !== null && { input }) };
    form.show(faults);
    if (Object.keys(faults).length > 0) {
      setRefusals((count) => count + 1);
      return;
    }
    setSending(true);
    try {
      await onSubmit();
    } catch (error) {
      form.showError(error as Error);
      setRefusals((count) => count + 1);
    } finally {
      setSending(false);
    }
  };
  return (
    <form
      ref={element}
      noValidate
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <WhatSection form={form} isNew={isNew} />
      <WhenSection form={form} likeCronId={likeCronId} />
      <ThreadSection form={form} isNew={isNew} />
      <PolicySections form={form} />
      <MoreSection form={form} />
      {children}
      {form.otherFault !== null && (
        <div role="alert" tabIndex={-1} className={classes.refused}>
          <CircleAlert size={18} aria-hidden />
          <span className="foreign">{form.otherFault}</span>
        </div>
      )}
      <div className={classes.end}>
        {isNew && (
          <Checkbox
            label="Begin paused"
            checked={form.values.enabled === "false"}
            onChange={({ currentTarget }) => {
              form.set("enabled", currentTarget.checked ? "false" : "true");
            }}
          />
        )}
        <Group gap="xs" ml="auto">
          <Button variant="default" onClick={onCancel} disabled={isSending}>
            Cancel
          </Button>
          <Button type="submit" loading={isSending} disabled={!canSubmit}>
            {submitLabel}
          </Button>
        </Group>
      </div>
    </form>
  );
}
