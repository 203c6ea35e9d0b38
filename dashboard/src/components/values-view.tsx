/** The values of a state: its messages as a conversation, and the rest as JSON. */
import { useMemo } from "react";
import { Conversation } from "./conversation/conversation";
import { findMessages } from "./conversation/read-messages";
import { Disclosure } from "./disclosure";
import { JsonView } from "./json-view";
import classes from "./values-view.module.css";

interface ValuesViewProps {
  readonly label: string;
  readonly values: unknown;
  /** How many of the messages were there before what is shown. */
  readonly earlier?: number;
}

export function ValuesView({ label, values, earlier = 0 }: ValuesViewProps) {
  const found = useMemo(() => findMessages(values), [values]);
  const rest = useMemo(() => withoutKey(values, found?.key), [values, found?.key]);
  if (found === null) return <JsonView label={label} value={values} />;
  return (
    <div className={classes.values}>
      <Conversation messages={found.messages} earlier={earlier} />
      {found.key !== null && Object.keys(rest).length > 0 && (
        <JsonView label={`${label}, without ${found.key}`} value={rest} />
      )}
      <Disclosure summary="All as JSON">
        <JsonView label={label} value={values} />
      </Disclosure>
    </div>
  );
}

function withoutKey(values: unknown, key: string | null | undefined): Readonly<Record<string, unknown>> {
  if (typeof values !== "object" || values === null) return {};
  return Object.fromEntries(Object.entries(values).filter(([each]) => each !== key));
}
