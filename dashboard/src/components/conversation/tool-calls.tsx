/** The calls of tools that a message makes, each with its arguments and with what the tool answered. */
import { Wrench } from "lucide-react";
import { useMemo } from "react";
import { JsonView } from "../json-view";
import { LongText } from "../long-text";
import classes from "./conversation.module.css";
import { MessageParts } from "./message-parts";
import type { Part, ShownMessage, ToolCall } from "./read-messages";

export function ToolCalls({ calls }: { calls: readonly ToolCall[] }) {
  return (
    <ul className={classes.calls}>
      {calls.map((call, index) => (
        <li key={`${index} ${call.id ?? ""}`} className={classes.call}>
          <div className={classes.callHead}>
            <Wrench size={15} aria-hidden />
            <bdi className={classes.callName}>{call.name}</bdi>
            <CallState call={call} />
          </div>
          {hasArguments(call.args) && <Arguments args={call.args} />}
          {call.error !== null && <LongText text={call.error} />}
          {call.result !== null && <Result result={call.result} />}
        </li>
      ))}
    </ul>
  );
}

function CallState({ call: { error, result } }: { call: ToolCall }) {
  if (error !== null) return <span className={classes.failed}>not valid</span>;
  if (result === null) return <span className={classes.waiting}>no answer yet</span>;
  return result.hasFailed ? <span className={classes.failed}>failed</span> : null;
}

const hasArguments = (args: unknown): boolean =>
  args !== undefined && args !== null && (typeof args !== "object" || Object.keys(args).length > 0);

const SHORT_CHARACTERS = 120;

/** Few arguments take one line. */
function Arguments({ args }: { args: unknown }) {
  const text = useMemo(() => shortJson(args), [args]);
  if (text === null) return <JsonView label="Arguments" value={args} />;
  return <code className={classes.arguments}>{text}</code>;
}

/** The value as one line of JSON; null when it is longer than a line. */
function shortJson(value: unknown): string | null {
  // What has many keys is not short, and is not made text for that.
  if (typeof value === "object" && value !== null && Object.keys(value).length > 5) return null;
  try {
    const text = JSON.stringify(value, null, 1).replaceAll(/\n\s*/g, " ");
    return text.length <= SHORT_CHARACTERS ? text : null;
  } catch {
    // It nests too deep.
    return null;
  }
}

/** Tools often answer with JSON as text, which is shown as JSON. */
function Result({ result }: { result: ShownMessage }) {
  return (
    <div className={classes.result}>
      <MessageParts parts={result.parts.map(jsonIfItIs)} />
      {result.parts.length === 0 && <p className={classes.nothing}>The tool answered with nothing</p>}
    </div>
  );
}

function jsonIfItIs(part: Part): Part {
  if (part.kind !== "text" || !/^\s*[[{]/.test(part.text)) return part;
  try {
    return { kind: "json", label: "Result", value: JSON.parse(part.text) as unknown };
  } catch {
    return part;
  }
}
