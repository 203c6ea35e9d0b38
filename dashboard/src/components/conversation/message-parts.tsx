/** What a message says: text, what a model thought, and the names of images and files, which are not loaded. */
import { File, Image, Video, Volume2, type LucideIcon } from "lucide-react";
import { JsonView } from "../json-view";
import { LongText } from "../long-text";
import classes from "./conversation.module.css";
import type { Part } from "./read-messages";

const MEDIA: Readonly<Record<string, LucideIcon>> = { Image, Audio: Volume2, Video };

export function MessageParts({ parts }: { parts: readonly Part[] }) {
  return parts.map((part, index) => <MessagePart key={index} part={part} />);
}

function MessagePart({ part }: { part: Part }) {
  switch (part.kind) {
    case "text":
      return <LongText text={part.text} />;
    case "reasoning":
      return (
        <details className={classes.reasoning}>
          <summary>Reasoning</summary>
          <LongText text={part.text} />
        </details>
      );
    case "media": {
      const Icon = MEDIA[part.what] ?? File;
      return (
        <p className={classes.media}>
          <Icon size={18} aria-hidden />
          <span>
            {part.what}, not loaded{part.details !== "" && <bdi>: {part.details}</bdi>}
          </span>
        </p>
      );
    }
    case "json":
      return <JsonView label={part.label} value={part.value} />;
  }
}
