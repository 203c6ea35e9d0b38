/** Chooses in which zone times are shown. */
import { Button, Menu } from "@mantine/core";
import { Check, Globe } from "lucide-react";
import { useZone, zoneName } from "../components/zone";
import type { Zone } from "../format/time";

const ZONES: readonly Zone[] = ["local", "UTC"];
const SHORT: Readonly<Record<Zone, string>> = { local: "Local", UTC: "UTC" };

export function ZoneToggle() {
  const { zone, setZone } = useZone();
  return (
    <Menu position="bottom-end" withinPortal={false}>
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          leftSection={<Globe size={16} aria-hidden />}
          aria-label={`${SHORT[zone]}: times are in ${zoneName(zone)}`}
        >
          {SHORT[zone]}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {ZONES.map((each) => (
          <Menu.Item
            key={each}
            rightSection={each === zone ? <Check size={16} aria-label="chosen" /> : null}
            onClick={() => {
              setZone(each);
            }}
          >
            {each === "UTC" ? "UTC" : `Your zone (${zoneName(each)})`}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
