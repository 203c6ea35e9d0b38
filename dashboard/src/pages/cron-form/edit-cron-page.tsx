/** The page "Edit cron". It begins with the cron as it was when the page was opened, and sends only what was changed. */
import { useState } from "react";
import { useLocation } from "wouter";
import { useChangeCron, useCronOnce } from "../../api/crons";
import type { Cron } from "../../api/types";
import { useNotice } from "../../components/notices";
import { MissingCron } from "../../components/missing-cron";
import { PageFrame } from "../../components/page";
import { PendingPage } from "../../components/pending-page";
import { cronTitle } from "../../format/cron-title";
import { addressOf, type PageProps } from "../../routes";
import { Changes } from "./changes";
import { changeFaults, changesBetween, patchOf } from "./cron-changes";
import { CronForm } from "./cron-form";
import { useFormState } from "./form-state";
import { valuesOf } from "./form-values";

export default function EditCronPage({ params: { cron_id: cronId = "" } }: PageProps) {
  const query = useCronOnce(cronId);
  if (query.data !== undefined) return <EditCron key={cronId} cron={query.data} />;
  return <PendingPage title="Edit cron" query={query} missing={<MissingCron />} />;
}

function EditCron({ cron }: { cron: Cron }) {
  const [before] = useState(() => valuesOf(cron));
  const form = useFormState(before);
  const changes = changesBetween(before, form.values);
  const change = useChangeCron(cron.cron_id);
  const notice = useNotice();
  const [, navigate] = useLocation();
  const back = (): void => {
    navigate(addressOf.cron(cron.cron_id));
  };
  const submit = async (): Promise<void> => {
    await change.mutateAsync(patchOf(changes));
    notice("The cron is changed");
    back();
  };
  return (
    <PageFrame
      title={`Edit ${cronTitle(cron, "cron")}`}
      below="Runs that have begun go on as they are. Fields that are not shown here stay as they are."
    >
      <CronForm
        form={form}
        isNew={false}
        likeCronId={cron.cron_id}
        submitLabel="Save"
        canSubmit={changes.length > 0}
        moreFaults={() => changeFaults(changes)}
        onSubmit={submit}
        onCancel={back}
      >
        <Changes changes={changes} />
      </CronForm>
    </PageFrame>
  );
}
