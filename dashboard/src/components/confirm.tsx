/** What is asked about before it is done: a dialog, and a button that opens one. */
import { Button, type ButtonProps, Group, Modal, type ModalProps } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Failed } from "./states";

interface QuestionProps {
  /** The question, as the title of the dialog. */
  readonly title: string;
  /** What will happen. It may have fields, such as one for a note. */
  readonly children: ReactNode;
  /** The words of the button that does it, such as "Delete". */
  readonly confirmLabel: string;
  /** The words of the button that closes the dialog; "Cancel" unless that is what the dialog asks about. */
  readonly dismissLabel?: string;
  readonly isDangerous?: boolean;
  /** False while what is asked for cannot be done yet. */
  readonly canConfirm?: boolean;
  /** Does it. The dialog stays open, and shows the error, when this fails. */
  readonly onConfirm: () => Promise<unknown>;
  readonly size?: ModalProps["size"];
}

interface ConfirmDialogProps extends QuestionProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const { isOpen, onClose, canConfirm = true, onConfirm } = props;
  const [isWorking, setWorking] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  // What is done may change what would be asked next. The dialog shows what was asked until it is gone.
  const [asked, setAsked] = useState<ConfirmDialogProps | null>(null);
  const {
    title,
    children,
    confirmLabel,
    dismissLabel = "Cancel",
    isDangerous = false,
    size,
  } = asked ?? props;
  const [wasOpen, setWasOpen] = useState(isOpen);
  if (wasOpen !== isOpen) {
    setWasOpen(isOpen);
    if (isOpen) setAsked(null);
  }
  const close = (): void => {
    if (isWorking) return;
    setError(null);
    onClose();
  };
  const confirm = async (): Promise<void> => {
    setWorking(true);
    setError(null);
    setAsked(props);
    try {
      await onConfirm();
      onClose();
    } catch (failure) {
      setError(failure as Error);
      setAsked(null);
    } finally {
      setWorking(false);
    }
  };
  return (
    <Modal
      opened={isOpen}
      onClose={close}
      title={title}
      {...(size !== undefined && { size })}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (canConfirm) void confirm();
        }}
      >
        <div>{children}</div>
        {error !== null && <Failed error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} disabled={isWorking}>
            {dismissLabel}
          </Button>
          <Button
            type="submit"
            color={isDangerous ? "red" : undefined}
            loading={isWorking}
            disabled={!canConfirm}
          >
            {confirmLabel}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

interface ConfirmButtonProps extends QuestionProps {
  /** The words of the button. */
  readonly label: ReactNode;
  readonly buttonProps?: ButtonProps;
}

/** A button whose action is asked about first. */
export function ConfirmButton({ label, buttonProps, ...question }: ConfirmButtonProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button
        variant="default"
        {...buttonProps}
        onClick={() => {
          setOpen(true);
        }}
      >
        {label}
      </Button>
      <ConfirmDialog
        {...question}
        isOpen={isOpen}
        onClose={() => {
          setOpen(false);
        }}
      />
    </>
  );
}
