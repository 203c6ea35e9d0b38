/** What a page is about, and beside it the facts. On a narrow screen the facts come below. */
import type { ReactNode } from "react";
import classes from "./columns.module.css";

interface ColumnsProps {
  readonly children: ReactNode;
  readonly aside: ReactNode;
}

export function Columns({ children, aside }: ColumnsProps) {
  return (
    <div className={classes.columns}>
      <div className={classes.main}>{children}</div>
      <div className={classes.aside}>{aside}</div>
    </div>
  );
}
