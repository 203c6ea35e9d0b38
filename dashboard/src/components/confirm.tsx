/** A button whose action is asked about first. */
import { Button, type ButtonProps, Group, Modal } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Failed } from "./states";

interface ConfirmButtonProps {
  /** The words of the button. */
  readonly label: ReactNode;
  /** The question, as the title of the dialog. */
  readonly title: string;
  /** What will happen. It may have fields, such as one for a note. */
  readonly children: ReactNode;
  /** The words of the button that does it, such as "Delete". */
  readonly confirmLabel: string;
  readonly isDangerous?: boolean;
  /** Does it. The dialog stays open, and shows the error, when this fails. */
  readonly onConfirm: () => Promise<unknown>;
  readonly buttonProps?: ButtonProps;
}

export function ConfirmButton({
  label,
  title,
  children,
  confirmLabel,
  isDangerous = false,
  onConfirm,
  buttonProps,
}: ConfirmButtonProps) {
  const [isOpen, setOpen] = useState(false);
  const [isWorking, setWorking] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const open = (): void => {
    setError(null);
    setOpen(true);
  };
  const close = (): void => {
    if (!isWorking) setOpen(false);
  };
  const confirm = async (): Promise<void> => {
    setWorking(true);
    setError(null);
    try {
      await onConfirm();
      setOpen(false);
    } catch (failure) {
      setError(failure as Error);
    } finally {
      setWorking(false);
    }
  };
  return (
    <>
      <Button variant="default" {...buttonProps} onClick={open}>
        {label}
      </Button>
      <Modal opened={isOpen} onClose={close} title={title} closeButtonProps={{ "aria-label": "Close" }}>
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void confirm();
          }}
        >
          <div>{children}</div>
          {error !== null && <Failed error={error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close} disabled={isWorking}>
              Cancel
            </Button>
            <Button type="submit" color={isDangerous ? "red" : undefined} loading={isWorking}>
              {confirmLabel}
            </Button>
          </Group>
        </form>
      </Modal>
    </>
  );
}
