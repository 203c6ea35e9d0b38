/** Something that is shown when it is asked for. Until then it is not made either, because it may be large. */
import { type ReactNode, useState } from "react";
import classes from "./disclosure.module.css";

interface DisclosureProps {
  readonly summary: ReactNode;
  readonly isOpenAtFirst?: boolean;
  readonly children: ReactNode;
}

export function Disclosure({ summary, isOpenAtFirst = false, children }: DisclosureProps) {
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  return (
    <details
      open={isOpen}
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
      }}
    >
      <summary className={classes.summary}>{summary}</summary>
      {isOpen && <div className={classes.content}>{children}</div>}
    </details>
  );
}
