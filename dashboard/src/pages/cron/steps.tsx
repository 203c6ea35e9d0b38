/** Buttons to the newer and the older part of a list that is read from a certain entry on. */
import { Button, Group } from "@mantine/core";

interface StepsProps {
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly onNewer: () => void;
  readonly onOlder: () => void;
}

/** Nothing where all fits on one page. */
export function Steps({ isFirst, isLast, onNewer, onOlder }: StepsProps) {
  if (isFirst && isLast) return null;
  return (
    <Group component="nav" aria-label="Pages" justify="flex-end" gap="xs">
      <Button size="xs" variant="default" disabled={isFirst} onClick={onNewer}>
        Newer
      </Button>
      <Button size="xs" variant="default" disabled={isLast} onClick={onOlder}>
        Older
      </Button>
    </Group>
  );
}
