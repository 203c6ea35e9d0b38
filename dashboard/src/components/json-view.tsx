/** A value as indented JSON. It is text: nothing in it becomes markup. */
import { Button, CopyButton } from "@mantine/core";
import { useId, useMemo, useState } from "react";
import classes from "./json-view.module.css";

/** A longer text is cut until the viewer asks for all of it, because a browser takes long to lay it out. */
const SHOWN_CHARACTERS = 20_000;

interface JsonViewProps {
  /** What the value is, for screen readers too. */
  readonly label: string;
  readonly value: unknown;
}

export function JsonView({ label, value }: JsonViewProps) {
  const [isWhole, setWhole] = useState(false);
  const id = useId();
  const text = useMemo(() => textOf(value), [value]);
  const isCut = !isWhole && text.length > SHOWN_CHARACTERS;
  return (
    <div className={classes.view} role="group" aria-labelledby={id}>
      <div className={classes.head}>
        <span id={id} className={classes.label}>
          {label}
        </span>
        <CopyButton value={text}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="subtle" color="gray" onClick={copy}>
              {copied ? "Copied" : "Copy"}
            </Button>
          )}
        </CopyButton>
      </div>
      {/* It scrolls, so the keyboard has to reach it. */}
      <pre className={classes.text} tabIndex={0} aria-label={label}>
        <code>{isCut ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text}</code>
      </pre>
      {isCut && (
        <Button
          size="compact-xs"
          variant="light"
          onClick={() => {
            setWhole(true);
          }}
        >
          Show all {Math.round(text.length / 1_000)} kB
        </Button>
      )}
    </div>
  );
}

/** The value as indented JSON. `undefined` has no text. */
function textOf(value: unknown): string {
  try {
    return value === undefined ? "" : JSON.stringify(value, null, 2);
  } catch {
    return "This nests too deep to be shown.";
  }
}
