/** Pauses a cron, or resumes it, with a note. */
import { TextInput } from "@mantine/core";
import { CirclePause, CirclePlay } from "lucide-react";
import { useState } from "react";
import { usePauseCron, useResumeCron } from "../../api/crons";
import type { Cron } from "../../api/types";
import { ConfirmButton } from "../../components/confirm";
import { useNotice } from "../../components/notices";

export function PauseButton({ cron }: { cron: Cron }) {
  const [note, setNote] = useState("");
  const pause = usePauseCron(cron.cron_id);
  const resume = useResumeCron(cron.cron_id);
  const notice = useNotice();
  const Icon = cron.enabled ? CirclePause : CirclePlay;
  const confirm = async (): Promise<void> => {
    const given = note.trim();
    await (cron.enabled ? pause : resume).mutateAsync(given === "" ? {} : { note: given });
    setNote("");
    notice(cron.enabled ? "The cron is paused" : "The cron is resumed");
  };
  return (
    <ConfirmButton
      label={cron.enabled ? "Pause" : "Resume"}
      buttonProps={{ px: "sm", leftSection: <Icon size={16} aria-hidden /> }}
      title={cron.enabled ? "Pause this cron?" : "Resume this cron?"}
      confirmLabel={cron.enabled ? "Pause" : "Resume"}
      onConfirm={confirm}
    >
      <div className="stack">
        <p>
          {cron.enabled
            ? "It does not fire until it is resumed, and its times meanwhile are not made up for. A run that has begun goes on."
            : "It fires again from its next time on. Times that went by while it was paused are not made up for."}
        </p>
        <TextInput
          label="Note"
          description="Why, for whoever looks next."
          value={note}
          maxLength={1_000}
          data-autofocus
          onChange={({ currentTarget }) => {
            setNote(currentTarget.value);
          }}
        />
      </div>
    </ConfirmButton>
  );
}
