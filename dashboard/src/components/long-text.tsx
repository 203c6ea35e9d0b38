/** Text of others. A long one is cut until the viewer asks for all of it, because a browser takes long to lay it out. */
import { Button } from "@mantine/core";
import { useState } from "react";
import { formatCount } from "../format/figures";
import classes from "./long-text.module.css";

const SHOWN_CHARACTERS = 5_000;

interface LongTextProps {
  readonly text: string;
  /** In the type of code, as it is in lines. */
  readonly isCode?: boolean;
}

export function LongText({ text, isCode = false }: LongTextProps) {
  const [isWhole, setWhole] = useState(false);
  const isCut = !isWhole && text.length > SHOWN_CHARACTERS;
  return (
    <>
      <div dir="auto" className={isCode ? classes.code : classes.text}>
        {isCut ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text}
      </div>
      {isCut && (
        <Button
          size="compact-xs"
          variant="light"
          mt="xs"
          onClick={() => {
            setWhole(true);
          }}
        >
          Show all {formatCount(text.length)} characters
        </Button>
      )}
    </>
  );
}
