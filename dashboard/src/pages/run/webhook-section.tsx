/** How the calling of a run's webhook goes. */
import type { Run } from "../../api/types";
import { Fact, Facts } from "../../components/facts";
import { Section } from "../../components/page";
import { type Status, StatusMark } from "../../components/status";
import { RelativeTime } from "../../components/time";

const STATUSES: Readonly<Record<NonNullable<Run["webhook"]>["status"], Status>> = {
  delivered: "delivered",
  failed: "error",
  pending: "pending",
};

export function WebhookSection({ run }: { run: Run }) {
  const { webhook } = run;
  if (webhook === undefined) return null;
  const { webhook: address } = run.kwargs;
  return (
    <Section title="Webhook">
      <Facts>
        <Fact name="Delivery">
          <StatusMark status={STATUSES[webhook.status]} />
        </Fact>
        {typeof address === "string" && (
          <Fact name="Address">
            <span className="foreign">{address}</span>
          </Fact>
        )}
        <Fact name="Calls">{webhook.attempts}</Fact>
        {webhook.next_attempt_at !== null && (
          <Fact name="Next call">
            <RelativeTime at={webhook.next_attempt_at} />
          </Fact>
        )}
        {webhook.last_error !== null && (
          <Fact name="Last error">
            <span className="foreign">{webhook.last_error}</span>
          </Fact>
        )}
      </Facts>
    </Section>
  );
}
