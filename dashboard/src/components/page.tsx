/** The frame of a page: its title, which the tab has too, what can be done, and its sections. */
import { type ReactNode, useEffect, useRef } from "react";
import classes from "./page.module.css";

interface PageFrameProps {
  readonly title: string;
  /** Beside the title, such as a status. */
  readonly beside?: ReactNode;
  /** Below the title: a line on what the page is about. */
  readonly below?: ReactNode;
  /** Buttons. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** The address with which the dashboard was opened. The keyboard begins there at the top. */
const OPENED_AT = location.pathname;
/** Whether another page was shown since. The link that led to it may be gone, and the focus with it. */
let hasMoved = false;

export function PageFrame({ title, beside, below, actions, children }: PageFrameProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · EdgeCron`;
  }, [title]);
  // Whoever cannot see that another page is shown hears its title, and goes on from there.
  useEffect(() => {
    hasMoved ||= location.pathname !== OPENED_AT;
    if (hasMoved || document.activeElement !== document.body) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div className={classes.about}>
          <div className={classes.titleLine}>
            <h1 ref={heading} tabIndex={-1} className={classes.title}>
              {title}
            </h1>
            {beside}
          </div>
          {below !== undefined && <div className={classes.below}>{below}</div>}
        </div>
        {actions !== undefined && <div className={classes.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

interface SectionProps {
  readonly title: string;
  /** At the end of the line of the title. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** A part of a page, under a title of its own. */
export function Section({ title, actions, children }: SectionProps) {
  return (
    <section className={classes.section} aria-label={title}>
      <div className={classes.sectionHead}>
        <h2 className={classes.sectionTitle}>{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  );
}
