/** The head of every page: the parts of the dashboard, and how it is shown. */
import { Link, useRoute } from "wouter";
import { addressOf } from "../routes";
import classes from "./header.module.css";
import { SchemeToggle } from "./scheme-toggle";
import { SessionButton } from "./sign-in";
import { ZoneToggle } from "./zone-toggle";

const PARTS = [
  { name: "Overview", address: addressOf.overview(), pattern: "/" },
  { name: "Crons", address: addressOf.crons(), pattern: "/crons/*?" },
  { name: "Threads", address: addressOf.threads(), pattern: "/threads/*?" },
  { name: "Assistants", address: addressOf.assistants(), pattern: "/assistants/*?" },
];

export function Header() {
  return (
    <header className={classes.header}>
      <div className={classes.bar}>
        <Link href={addressOf.overview()} className={classes.name}>
          EdgeCron
        </Link>
        <nav aria-label="Main" className={classes.nav}>
          {PARTS.map((part) => (
            <NavLink key={part.name} {...part} />
          ))}
        </nav>
        <div className={classes.tools}>
          <ZoneToggle />
          <SchemeToggle />
          <SessionButton />
        </div>
      </div>
    </header>
  );
}

function NavLink({ name, address, pattern }: (typeof PARTS)[number]) {
  const [isHere] = useRoute(pattern);
  return (
    <Link href={address} className={classes.link} aria-current={isHere ? "page" : undefined}>
      {name}
    </Link>
  );
}
