/** Has a cron run now, with its own input or with another. */
import { Checkbox } from "@mantine/core";
import { useState } from "react";
import { useAssistantSchemas } from "../../api/assistants";
import { useRunCronNow } from "../../api/crons";
import { ConfirmDialog } from "../../components/confirm";
import { GraphInput } from "../../components/graph-input/graph-input";
import { inputFault, parseInput, writtenInput } from "../../components/graph-input/input-text";
import { useNotice } from "../../components/notices";
import type { CronDialogProps } from "./cron-actions";

export default function RunNowDialog({ cron, onClose }: CronDialogProps) {
  const [hasOwnInput, setHasOwnInput] = useState(false);
  const [text, setText] = useState(() => writtenInput(cron.payload.input));
  const [error, setError] = useState<string | null>(null);
  const schemas = useAssistantSchemas(cron.assistant_id);
  const run = useRunCronNow(cron.cron_id);
  const notice = useNotice();
  const confirm = async (): Promise<void> => {
    const fault = hasOwnInput ? inputFault(text, schemas.data?.input_schema) : null;
    setError(fault);
    if (fault !== null) throw new Error(`Input: ${fault}`);
    const slot = await run.mutateAsync(hasOwnInput ? { input: parseInput(text) } : {});
    notice(slot.status === "pending" ? "The run waits for an earlier one" : "The run has begun");
  };
  return (
    <ConfirmDialog
      isOpen
      onClose={onClose}
      title="Run now"
      confirmLabel="Run"
      size={hasOwnInput ? "lg" : undefined}
      onConfirm={confirm}
    >
      <div className="stack">
        <p>
          It runs once beside its schedule, which does not change
          {cron.enabled ? "." : ". The cron stays paused."}
        </p>
        <Checkbox
          label="With another input"
          checked={hasOwnInput}
          onChange={({ currentTarget }) => {
            setHasOwnInput(currentTarget.checked);
          }}
        />
        {hasOwnInput && (
          <GraphInput schema={schemas.data?.input_schema} text={text} onText={setText} error={error} />
        )}
      </div>
    </ConfirmDialog>
  );
}
