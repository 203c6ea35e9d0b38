/** Warns when a server that others can reach lets everybody in. */
import { TriangleAlert } from "lucide-react";
import { useServerInfo } from "../api/server";
import classes from "./banner.module.css";

/** A name or an address of the viewer's own machine. */
const LOOPBACK = /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/;

export function OpenAccessBanner() {
  const { data: info } = useServerInfo();
  if (info?.auth !== "open" || LOOPBACK.test(location.hostname)) return null;
  return (
    <div role="alert" className={classes.banner}>
      <TriangleAlert size={18} aria-hidden />
      <span className={classes.text}>
        Access to this server is open: whoever knows its address can read and change everything. Set AUTH to
        “keys” and API_KEYS to keys of your own.
      </span>
    </div>
  );
}
