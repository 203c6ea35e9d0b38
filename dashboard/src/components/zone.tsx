/** In which zone times are shown: that of the viewer's machine, or UTC. The choice is kept in the browser. */
import { createContext, type PropsWithChildren, useContext, useMemo, useState } from "react";
import { LOCAL_ZONE, type Zone } from "../format/time";

const STORED_AS = "edgecron.zone";

interface ZoneChoice {
  readonly zone: Zone;
  readonly setZone: (zone: Zone) => void;
}

const ZoneContext = createContext<ZoneChoice>({ zone: "local", setZone: () => undefined });

export function ZoneProvider({ children }: PropsWithChildren) {
  const [zone, setZone] = useState<Zone>(() => (localStorage.getItem(STORED_AS) === "UTC" ? "UTC" : "local"));
  const choice = useMemo(
    () => ({
      zone,
      setZone: (chosen: Zone): void => {
        localStorage.setItem(STORED_AS, chosen);
        setZone(chosen);
      },
    }),
    [zone],
  );
  return <ZoneContext value={choice}>{children}</ZoneContext>;
}

export const useZone = (): ZoneChoice => useContext(ZoneContext);

/** The name of the zone, as it is shown beside times. */
export const zoneName = (zone: Zone): string => (zone === "UTC" ? "UTC" : LOCAL_ZONE);
