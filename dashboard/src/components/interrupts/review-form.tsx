/** A request to review actions: what is to be done, and a button for each decision that the graph takes. */
import { Button, Group, Textarea } from "@mantine/core";
import { useId, useState } from "react";
import { JsonView } from "../json-view";
import { LongText } from "../long-text";
import { Failed } from "../states";
import classes from "./interrupts.module.css";
import type { ActionRequest, Decision, Review } from "./read-review";
import { parseJson, useSending } from "./use-sending";

const WORDS: Readonly<Record<Decision, string>> = {
  approve: "Approve",
  edit: "Edit",
  reject: "Reject",
  respond: "Respond",
  ignore: "Ignore",
};

/** What was chosen so far about one action. */
interface Choice {
  readonly decision: Decision | null;
  readonly args: string;
  readonly message: string;
}

interface ReviewFormProps {
  readonly review: Review;
  readonly onAnswer: (value: unknown) => Promise<void>;
}

export function ReviewForm({ review: { requests, answer }, onAnswer }: ReviewFormProps) {
  const [choices, setChoices] = useState<readonly Choice[]>(() =>
    requests.map(({ args }) => ({
      decision: null,
      args: (JSON.stringify(args, null, 2) as string | undefined) ?? "",
      message: "",
    })),
  );
  const { isSending, error, send } = useSending(onAnswer);
  const change = (index: number, changed: Partial<Choice>): void => {
    setChoices((now) => now.map((choice, at) => (at === index ? { ...choice, ...changed } : choice)));
  };
  const decided = (): unknown =>
    answer(
      choices.map(({ decision, args, message }) => {
        if (decision === null) throw new Error("A decision is missing.");
        return { decision, args: decision === "edit" ? parseJson(args, "Arguments") : undefined, message };
      }),
    );
  return (
    <form
      className={classes.question}
      onSubmit={(event) => {
        event.preventDefault();
        void send(decided);
      }}
    >
      {requests.map((request, index) => (
        <Action
          key={index}
          request={request}
          choice={choices[index] as Choice}
          onChange={(changed) => {
            change(index, changed);
          }}
        />
      ))}
      {error !== null && <Failed error={error} />}
      <Group justify="flex-end">
        <Button
          type="submit"
          loading={isSending}
          disabled={choices.some(({ decision }) => decision === null)}
        >
          {requests.length === 1 ? "Send decision" : "Send decisions"}
        </Button>
      </Group>
    </form>
  );
}

interface ActionProps {
  readonly request: ActionRequest;
  readonly choice: Choice;
  readonly onChange: (changed: Partial<Choice>) => void;
}

function Action({ request: { name, args, description, decisions }, choice, onChange }: ActionProps) {
  const title = useId();
  return (
    <div className={classes.action} role="group" aria-labelledby={title}>
      <bdi id={title} className={classes.actionName}>
        {name === "" ? "An action without a name" : name}
      </bdi>
      {description !== null && <LongText text={description} />}
      <JsonView label="Arguments" value={args} />
      <Group gap="xs">
        {decisions.map((decision) => (
          <Button
            key={decision}
            variant={choice.decision === decision ? "filled" : "default"}
            size="sm"
            aria-pressed={choice.decision === decision}
            onClick={() => {
              onChange({ decision });
            }}
          >
            {WORDS[decision]}
          </Button>
        ))}
        {decisions.length === 0 && <span className="muted">The graph takes no decision about it.</span>}
      </Group>
      {choice.decision === "edit" && (
        <Textarea
          label="Arguments in their place, as JSON"
          value={choice.args}
          onChange={(event) => {
            onChange({ args: event.currentTarget.value });
          }}
          classNames={{ input: "mono" }}
          rows={Math.min(12, choice.args.split("\n").length + 1)}
          spellCheck={false}
        />
      )}
      {(choice.decision === "reject" || choice.decision === "respond") && (
        <Textarea
          label={choice.decision === "reject" ? "Reason (may be left out)" : "Response"}
          value={choice.message}
          onChange={(event) => {
            onChange({ message: event.currentTarget.value });
          }}
          required={choice.decision === "respond"}
          withAsterisk={false}
          rows={2}
        />
      )}
    </div>
  );
}
