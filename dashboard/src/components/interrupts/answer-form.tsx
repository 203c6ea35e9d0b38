/** A question of a graph in whatever form, and its answer as text or as JSON. */
import { Button, Group, SegmentedControl, Textarea } from "@mantine/core";
import { useId, useState } from "react";
import { JsonView } from "../json-view";
import { LongText } from "../long-text";
import { Failed } from "../states";
import classes from "./interrupts.module.css";
import { parseJson, useSending } from "./use-sending";

const KINDS = [
  { value: "text", label: "Text" },
  { value: "json", label: "JSON" },
];

interface AnswerFormProps {
  /** What the graph asks. */
  readonly value: unknown;
  readonly onAnswer: (value: unknown) => Promise<void>;
}

export function AnswerForm({ value, onAnswer }: AnswerFormProps) {
  const [kind, setKind] = useState("text");
  const [text, setText] = useState("");
  const { isSending, error, send } = useSending(onAnswer);
  const kindLabel = useId();
  return (
    <form
      className={classes.question}
      onSubmit={(event) => {
        event.preventDefault();
        void send(() => (kind === "json" ? parseJson(text, "Answer") : text));
      }}
    >
      {typeof value === "string" ? <LongText text={value} /> : <JsonView label="Question" value={value} />}
      <Group justify="space-between" align="end" gap="xs">
        <span id={kindLabel} className={classes.label}>
          Answer as
        </span>
        <SegmentedControl
          size="xs"
          aria-labelledby={kindLabel}
          data={KINDS}
          value={kind}
          onChange={setKind}
        />
      </Group>
      <Textarea
        label="Answer"
        description={
          kind === "json"
            ? 'The value that the graph goes on with, such as true or {"approved": true}.'
            : "The graph goes on with this text."
        }
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
        }}
        classNames={kind === "json" ? { input: "mono" } : {}}
        rows={3}
        required
        withAsterisk={false}
        spellCheck={kind === "text"}
      />
      {error !== null && <Failed error={error} />}
      <Group justify="flex-end">
        <Button type="submit" loading={isSending} disabled={text === ""}>
          Send answer
        </Button>
      </Group>
    </form>
  );
}
