/** What can be done to a cron. */
import { Button, Menu } from "@mantine/core";
import { Copy, EllipsisVertical, History, Pencil, Play, SkipForward, Trash2 } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import type { Cron } from "../../api/types";
import { addressOf } from "../../routes";
import { DeleteDialog } from "./delete-dialog";
import { PauseButton } from "./pause-button";

const BackfillDialog = lazy(() => import("./backfill-dialog"));
const RunNowDialog = lazy(() => import("./run-now-dialog"));
const SkipDialog = lazy(() => import("./skip-dialog"));

const DIALOGS = { run: RunNowDialog, skip: SkipDialog, backfill: BackfillDialog, delete: DeleteDialog };

export interface CronDialogProps {
  readonly cron: Cron;
  readonly onClose: () => void;
}

export function CronActions({ cron }: { cron: Cron }) {
  const [, navigate] = useLocation();
  const [opened, setOpened] = useState<keyof typeof DIALOGS | null>(null);
  const Dialog = opened === null ? null : DIALOGS[opened];
  const runButton = useRef<HTMLButtonElement>(null);
  const menuButton = useRef<HTMLButtonElement>(null);
  const [closed, setClosed] = useState<keyof typeof DIALOGS | null>(null);
  // The item of the menu that opened a dialog is gone by then, so the keyboard goes on from the button of the menu.
  useEffect(() => {
    if (closed !== null) (closed === "run" ? runButton : menuButton).current?.focus();
  }, [closed]);
  const opens = (dialog: keyof typeof DIALOGS) => () => {
    setOpened(dialog);
    setClosed(null);
  };
  return (
    <>
      <Button ref={runButton} px="sm" leftSection={<Play size={16} aria-hidden />} onClick={opens("run")}>
        Run now
      </Button>
      <PauseButton cron={cron} />
      <Button
        variant="default"
        px="sm"
        leftSection={<Pencil size={16} aria-hidden />}
        onClick={() => {
          navigate(addressOf.editCron(cron.cron_id));
        }}
      >
        Edit
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button ref={menuButton} variant="default" px="xs" aria-label="More actions">
            <EllipsisVertical size={16} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<SkipForward size={16} aria-hidden />} onClick={opens("skip")}>
            Skip next slots…
          </Menu.Item>
          <Menu.Item leftSection={<History size={16} aria-hidden />} onClick={opens("backfill")}>
            Backfill…
          </Menu.Item>
          <Menu.Item
            leftSection={<Copy size={16} aria-hidden />}
            onClick={() => {
              navigate(addressOf.duplicateCron(cron.cron_id));
            }}
          >
            Duplicate
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<Trash2 size={16} aria-hidden />} onClick={opens("delete")}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {Dialog !== null && (
        <Suspense>
          <Dialog
            cron={cron}
            onClose={() => {
              setClosed(opened);
              setOpened(null);
            }}
          />
        </Suspense>
      )}
    </>
  );
}
