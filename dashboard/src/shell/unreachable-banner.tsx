/** Says on every page that the server does not answer, so that nobody takes old figures for new ones. */
import { Unplug } from "lucide-react";
import { ApiError } from "../api/http";
import { useCronSwitch } from "../api/server";
import { Time } from "../components/time";
import classes from "./banner.module.css";

export function UnreachableBanner() {
  const { error, dataUpdatedAt } = useCronSwitch();
  const isUnreachable = error instanceof ApiError && (error.status === 0 || error.status >= 500);
  // Before it has answered once, each part of the page says what failed.
  if (!isUnreachable || dataUpdatedAt === 0) return null;
  return (
    <div role="alert" className={classes.banner}>
      <Unplug size={18} aria-hidden />
      <span className={classes.text}>
        {error.message} What you see is of <Time at={new Date(dataUpdatedAt).toISOString()} detail="time" />.
        It is asked again every few seconds.
      </span>
    </div>
  );
}
