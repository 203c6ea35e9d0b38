/** What a cron consists of: all of its fields. Those of the policy that have their default are left out until they are asked for. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import type { Assistant, Cron } from "../../api/types";
import { Fact, Facts } from "../../components/facts";
import { JsonView } from "../../components/json-view";
import { Section } from "../../components/page";
import { Time } from "../../components/time";
import { isDefault, POLICY_FIELDS, policyField, policyText } from "../../format/cron-policy";
import { shortName } from "../../format/figures";
import { addressOf } from "../../routes";

/** What of the payload is shown in words. */
const SHOWN_APART = ["assistant_id", "input", "webhook", "multitask_strategy"];

export function Definition({
  cron,
  assistant,
}: {
  cron: Cron;
  assistant: Pick<Assistant, "name" | "graph_id"> | undefined;
}) {
  const { input, webhook, multitask_strategy: strategy } = cron.payload;
  const settings = Object.entries(cron.payload).filter(([name]) => !SHOWN_APART.includes(name));
  return (
    <Section title="Definition">
      <div className="stack">
        <Facts>
          <Fact name="Assistant">
            <Link href={addressOf.assistant(cron.assistant_id)}>
              {shortName(assistant?.name ?? cron.assistant_id)}
            </Link>
            {assistant !== undefined && assistant.graph_id !== assistant.name && (
              <span className="muted"> (graph {assistant.graph_id})</span>
            )}
          </Fact>
          <Fact name="Schedule">
            <code>{cron.schedule}</code>
          </Fact>
          <Fact name="Time zone">{cron.timezone ?? "UTC"}</Fact>
          {cron.end_time !== null && (
            <Fact name="Ends">
              <Time at={cron.end_time} cronZone={cron.timezone} />
            </Fact>
          )}
          <Fact name="Thread">
            {cron.thread_id === null ? (
              `a new one for each run, ${cron.on_run_completed === "keep" ? "kept" : "deleted after it"}`
            ) : (
              <Link href={addressOf.thread(cron.thread_id)} className="mono">
                {cron.thread_id}
              </Link>
            )}
          </Fact>
          {typeof strategy === "string" && <Fact name="While one runs">{strategy}</Fact>}
          {typeof webhook === "string" && (
            <Fact name="Webhook">
              <span className="foreign">{webhook}</span>
            </Fact>
          )}
          {cron.user_id !== null && (
            <Fact name="Owner">
              <span className="foreign">{cron.user_id}</span>
            </Fact>
          )}
          {cron.note !== null && cron.enabled && (
            <Fact name="Note">
              <span className="foreign">{cron.note}</span>
            </Fact>
          )}
          <Fact name="Made">
            <Time at={cron.created_at} />
          </Fact>
          <Fact name="Changed">
            <Time at={cron.updated_at} />
          </Fact>
          <Fact name="Id">
            <span className="mono">{cron.cron_id}</span>
          </Fact>
        </Facts>
        <PolicyFacts cron={cron} />
        <JsonView label="Input" value={input ?? null} />
        {settings.length > 0 && (
          <JsonView label="Settings of its runs" value={Object.fromEntries(settings)} />
        )}
        {Object.keys(cron.metadata).length > 0 && <JsonView label="Metadata" value={cron.metadata} />}
      </div>
    </Section>
  );
}

function PolicyFacts({ cron }: { cron: Cron }) {
  const [showsAll, setShowsAll] = useState(false);
  const shown = POLICY_FIELDS.filter((name) => showsAll || !isDefault(name, cron));
  return (
    <div>
      <Facts>
        {shown.map((name) => (
          <Fact key={name} name={policyField(name).label}>
            <span className="foreign">{policyText(name, cron[name])}</span>
          </Fact>
        ))}
      </Facts>
      <Button
        mt={shown.length === 0 ? 0 : "xs"}
        px={0}
        size="compact-sm"
        variant="subtle"
        onClick={() => {
          setShowsAll(!showsAll);
        }}
      >
        {showsAll ? "Hide policies that have their default" : "Show all policies"}
      </Button>
    </div>
  );
}
