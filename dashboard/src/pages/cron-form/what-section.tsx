/** What runs: the assistant, its input, and the name of the cron. */
import { Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useAssistant, useAssistantPage, useAssistantSchemas } from "../../api/assistants";
import { GraphInput } from "../../components/graph-input/graph-input";
import { Section } from "../../components/page";
import classes from "./cron-form.module.css";
import { type CronFormState, inputProps, MEANING_BELOW } from "./form-state";

interface WhatSectionProps {
  readonly form: CronFormState;
  /** A cron that exists keeps its assistant. */
  readonly isNew: boolean;
}

const OFFERED = 100;
const TYPING_MS = 250;

export function WhatSection({ form, isNew }: WhatSectionProps) {
  const { assistant_id: assistantId } = form.values;
  const schemas = useAssistantSchemas(assistantId === "" ? undefined : assistantId);
  return (
    <Section title="What runs">
      <div className="stack">
        <div className={classes.pair}>
          <TextInput
            label="Name"
            description="For people. It is kept in the metadata of the cron, under “name”."
            {...inputProps(form, "name")}
          />
          {isNew ? <AssistantPicker form={form} /> : <KeptAssistant assistantId={assistantId} />}
        </div>
        <GraphInput
          schema={schemas.data?.input_schema}
          text={form.values.input}
          error={form.faultOf("input") ?? null}
          onText={(text) => {
            form.set("input", text);
          }}
        />
      </div>
    </Section>
  );
}

function AssistantPicker({ form }: { form: CronFormState }) {
  const [search, setSearch] = useState("");
  const [searched] = useDebouncedValue(search, TYPING_MS);
  const all = useAssistantPage({ limit: OFFERED, offset: 0 });
  // Where there are more than can be offered at once, the server looks for what is typed.
  const hasMore = (all.data?.total ?? 0) > OFFERED;
  const chosenId = form.values.assistant_id;
  const chosen = useAssistant(chosenId === "" ? undefined : chosenId);
  const found = useAssistantPage({
    limit: OFFERED,
    offset: 0,
    ...(hasMore && searched !== "" && searched !== chosen.data?.name && { name: searched }),
  });
  const offered = [...(found.data?.items ?? [])];
  if (chosen.data !== undefined && !offered.some(({ assistant_id: id }) => id === chosen.data.assistant_id))
    offered.unshift({
      ...chosen.data,
      description: chosen.data.description ?? null,
    });
  return (
    <Select
      {...MEANING_BELOW}
      label="Assistant"
      description="The configured graph that each firing runs."
      placeholder="Choose one"
      required
      searchable
      nothingFoundMessage="There is no such assistant."
      name="assistant_id"
      // The address may name a graph, which stands for its default assistant.
      value={chosenId === "" ? null : (chosen.data?.assistant_id ?? chosenId)}
      error={form.faultOf("assistant_id")}
      onSearchChange={setSearch}
      onChange={(id) => {
        form.set("assistant_id", id ?? "");
      }}
      data={offered.map(({ assistant_id: id, name, graph_id: graph }) => ({
        value: id,
        label: name === graph ? name : `${name} (${graph})`,
      }))}
    />
  );
}

function KeptAssistant({ assistantId }: { assistantId: string }) {
  const { data } = useAssistant(assistantId);
  return (
    <TextInput
      {...MEANING_BELOW}
      label="Assistant"
      description="It cannot be changed. Duplicate the cron to run another."
      readOnly
      value={data?.name ?? assistantId}
    />
  );
}
