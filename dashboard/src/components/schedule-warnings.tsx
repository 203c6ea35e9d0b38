/** What the owner of a schedule may not expect of it, as the server says. */
import { TriangleAlert } from "lucide-react";
import type { PreviewWarning } from "../api/types";
import classes from "./schedule-warnings.module.css";

/** Nothing where there is nothing to be told. */
export function ScheduleWarnings({ warnings }: { warnings: readonly PreviewWarning[] }) {
  if (warnings.length === 0) return null;
  return (
    <ul className={classes.warnings} aria-label="Warnings">
      {warnings.map(({ code, message }) => (
        <li key={message} className={classes.warning} data-code={code}>
          <TriangleAlert size={16} aria-hidden />
          <span>{sentence(message)}</span>
        </li>
      ))}
    </ul>
  );
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
