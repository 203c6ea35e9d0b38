/** Deletes a cron, after asking. */
import { useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { useDeleteCron } from "../../api/crons";
import { ConfirmDialog } from "../../components/confirm";
import { useNotice } from "../../components/notices";
import { cronTitle } from "../../format/cron-title";
import { addressOf } from "../../routes";
import type { CronDialogProps } from "./cron-actions";

export function DeleteDialog({ cron, onClose }: CronDialogProps) {
  const remove = useDeleteCron(cron.cron_id);
  const notice = useNotice();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const confirm = async (): Promise<void> => {
    await remove.mutateAsync();
    notice("The cron is deleted");
    navigate(addressOf.crons());
    queries.removeQueries({ queryKey: ["crons", cron.cron_id] });
  };
  return (
    <ConfirmDialog
      isOpen
      onClose={onClose}
      title="Delete this cron?"
      confirmLabel="Delete"
      isDangerous
      onConfirm={confirm}
    >
      <span className="foreign">
        <strong>{cronTitle(cron, "Cron")}</strong> and its ledger are deleted for good. Runs that have begun
        go on, and the records of its runs stay.
      </span>
    </ConfirmDialog>
  );
}
