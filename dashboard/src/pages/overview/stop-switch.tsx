/** Stops every cron of the server, and starts them again. Nothing for a caller who may change some crons only. */
import { TextInput } from "@mantine/core";
import { OctagonPause, Play } from "lucide-react";
import { useState } from "react";
import { useCronSwitch, useSetCronSwitch } from "../../api/server";
import { ConfirmButton } from "../../components/confirm";
import { useNotice } from "../../components/notices";

const MAX_NOTE = 1_000;

export function StopSwitch() {
  const { data } = useCronSwitch();
  const set = useSetCronSwitch();
  const notice = useNotice();
  const [note, setNote] = useState("");
  if (data?.may_change !== true) return null;
  const { stopped } = data;
  const change = async (): Promise<void> => {
    await set.mutateAsync({ stopped: !stopped, ...(note.trim() !== "" && { note: note.trim() }) });
    setNote("");
    notice(stopped ? "The crons fire again." : "All crons are stopped.");
  };
  const Icon = stopped ? Play : OctagonPause;
  return (
    <ConfirmButton
      label={stopped ? "Start all crons" : "Stop all crons"}
      title={stopped ? "Start all crons again?" : "Stop all crons?"}
      confirmLabel={stopped ? "Start all crons" : "Stop all crons"}
      isDangerous={!stopped}
      onConfirm={change}
      buttonProps={{ leftSection: <Icon size={16} aria-hidden /> }}
    >
      <div className="stack">
        <p>
          {stopped
            ? "Each cron fires again from its next time on. What was skipped meanwhile is not made up for."
            : "No cron of this server fires until you start them again. Their times are skipped, with your note as the reason. Runs that have begun go on."}
        </p>
        <TextInput
          label="Note"
          description="Why, for whoever looks next."
          value={note}
          maxLength={MAX_NOTE}
          data-autofocus
          onChange={({ currentTarget }) => {
            setNote(currentTarget.value);
          }}
        />
      </div>
    </ConfirmButton>
  );
}
