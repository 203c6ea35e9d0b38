/** Says on every page that all crons are stopped. */
import { OctagonPause } from "lucide-react";
import { useCronSwitch } from "../api/server";
import { Time } from "../components/time";
import classes from "./banner.module.css";

export function StoppedBanner() {
  const { data } = useCronSwitch();
  if (data?.stopped !== true) return null;
  return (
    <div role="status" className={classes.banner}>
      <OctagonPause size={18} aria-hidden />
      <span className={classes.text}>
        <strong>All crons are stopped</strong> since <Time at={data.changed_at} />: their times are skipped.
        {data.note !== null && <> Note: {data.note}</>}
      </span>
    </div>
  );
}
