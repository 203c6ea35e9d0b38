/** Messages as a conversation: who said what, which tools were called, and what they answered. */
import { Button } from "@mantine/core";
import { Bot, MessageSquare, Settings2, User, Wrench, type LucideIcon } from "lucide-react";
import { useMemo, useState } from "react";
import { counted, formatCount } from "../../format/figures";
import classes from "./conversation.module.css";
import { MessageParts } from "./message-parts";
import { readMessages, type ShownMessage } from "./read-messages";
import { ToolCalls } from "./tool-calls";

/** Of a long conversation only the end is shown at first. */
const SHOWN_MESSAGES = 40;

const ROLES: Readonly<Record<ShownMessage["role"], { Icon: LucideIcon; word: string | null }>> = {
  human: { Icon: User, word: "Human" },
  ai: { Icon: Bot, word: "AI" },
  tool: { Icon: Wrench, word: "Tool" },
  system: { Icon: Settings2, word: "System" },
  other: { Icon: MessageSquare, word: null },
};

interface ConversationProps {
  readonly messages: readonly unknown[];
  /** How many of the messages were there before what is shown, such as those of earlier runs. */
  readonly earlier?: number;
}

export function Conversation({ messages, earlier = 0 }: ConversationProps) {
  const [isWhole, setWhole] = useState(false);
  const hidden = isWhole ? 0 : Math.max(earlier, messages.length - SHOWN_MESSAGES);
  const shown = useMemo(() => readMessages(messages.slice(hidden)), [messages, hidden]);
  return (
    <>
      {hidden > 0 && (
        <Button
          variant="subtle"
          size="compact-sm"
          mb="sm"
          onClick={() => {
            setWhole(true);
          }}
        >
          Show {counted(hidden, "earlier message")}
        </Button>
      )}
      <ol className={classes.messages}>
        {shown.map((message) => (
          <Message key={message.key} message={message} />
        ))}
      </ol>
    </>
  );
}

function Message({ message }: { message: ShownMessage }) {
  const { role, roleName, name, parts, calls, tokens } = message;
  const { Icon, word } = ROLES[role];
  return (
    <li className={classes.message} data-role={role}>
      <div className={classes.head}>
        <Icon size={16} aria-hidden />
        <bdi className={classes.role}>{word ?? roleName}</bdi>
        {name !== null && <bdi className={classes.name}>{name}</bdi>}
        {message.hasFailed && <span className={classes.failed}>failed</span>}
        {tokens !== null && (
          <span className={classes.tokens} title="Tokens that the model was sent, and answered with">
            {formatCount(tokens.input)} in · {formatCount(tokens.output)} out
          </span>
        )}
      </div>
      <MessageParts parts={parts} />
      {calls.length > 0 && <ToolCalls calls={calls} />}
      {parts.length === 0 && calls.length === 0 && <p className={classes.nothing}>No content</p>}
    </li>
  );
}
