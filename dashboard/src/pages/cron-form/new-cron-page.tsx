/** The page "New cron". With `?from={cron_id}` in its address the new cron begins as a copy of that one. */
import { useLocation, useSearchParams } from "wouter";
import { useCreateCron, useCronOnce } from "../../api/crons";
import type { Cron } from "../../api/types";
import { useNotice } from "../../components/notices";
import { MissingCron } from "../../components/missing-cron";
import { PageFrame } from "../../components/page";
import { PendingPage } from "../../components/pending-page";
import { cronTitle } from "../../format/cron-title";
import { LOCAL_ZONE } from "../../format/time";
import { addressOf } from "../../routes";
import { creationOf } from "./cron-changes";
import { CronForm } from "./cron-form";
import { useFormState } from "./form-state";
import { newValues, valuesOf } from "./form-values";

export default function NewCronPage() {
  const [search] = useSearchParams();
  const from = search.get("from");
  return from === null ? (
    <NewCron assistantId={search.get("assistant_id") ?? ""} />
  ) : (
    <DuplicateCron key={from} cronId={from} />
  );
}

function DuplicateCron({ cronId }: { cronId: string }) {
  const query = useCronOnce(cronId);
  if (query.data !== undefined) return <NewCron original={query.data} />;
  return <PendingPage title="Duplicate a cron" query={query} missing={<MissingCron />} />;
}

function NewCron({ original, assistantId = "" }: { original?: Cron; assistantId?: string }) {
  const form = useFormState(
    original === undefined ? { ...newValues(LOCAL_ZONE), assistant_id: assistantId } : copyOf(original),
  );
  const create = useCreateCron();
  const notice = useNotice();
  const [, navigate] = useLocation();
  const submit = async (): Promise<void> => {
    const cron = await create.mutateAsync(creationOf(form.values, original));
    notice("The cron is made");
    navigate(addressOf.cron(cron.cron_id));
  };
  return (
    <PageFrame
      title={original === undefined ? "New cron" : "Duplicate a cron"}
      below={original !== undefined && <>A copy of {cronTitle(original, "cron")}, with all of its fields.</>}
    >
      <CronForm
        form={form}
        isNew
        likeCronId={original?.cron_id}
        submitLabel="Create"
        onSubmit={submit}
        onCancel={() => {
          navigate(original === undefined ? addressOf.crons() : addressOf.cron(original.cron_id));
        }}
      />
    </PageFrame>
  );
}

function copyOf(cron: Cron) {
  const values = valuesOf(cron);
  return { ...values, ...(values.name !== "" && { name: `${values.name} (copy)` }) };
}
