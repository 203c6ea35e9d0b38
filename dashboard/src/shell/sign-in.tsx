/** Signing in and out: the key or token that goes with every call. */
import { Button, Modal, PasswordInput, SegmentedControl } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { KeyRound, LogOut } from "lucide-react";
import { useId, useState } from "react";
import { type Credentials, setCredentials, useCredentials, useRefusal } from "../api/credentials";
import { useServerInfo } from "../api/server";
import { PageFrame } from "../components/page";
import classes from "./sign-in.module.css";

const KINDS = [
  { value: "key", label: "API key" },
  { value: "token", label: "Bearer token" },
];

const SENT_AS: Readonly<Record<Credentials["kind"], string>> = {
  key: "Sent as the header x-api-key, as LangGraph's SDKs send it.",
  token: "Sent as the header Authorization: Bearer, for a server with an Auth of its own.",
};

const NOUNS: Readonly<Record<Credentials["kind"], string>> = { key: "key", token: "token" };

/** The page in the place of all others while the server refuses to serve. */
export function SignInPage({ refusal }: { refusal: string }) {
  const credentials = useCredentials();
  return (
    <PageFrame title="Sign in">
      <div className={classes.card}>
        <p>
          {credentials === null
            ? "The server asks for a key or token."
            : `The server does not take this ${NOUNS[credentials.kind]}.`}
        </p>
        <p className="muted foreign">It said: {refusal}</p>
        <SignInForm onDone={() => undefined} />
      </div>
    </PageFrame>
  );
}

/** Signs in where the server does not insist on it, and out. */
export function SessionButton() {
  const credentials = useCredentials();
  const refusal = useRefusal();
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const { data: info } = useServerInfo();
  const close = (): void => {
    setOpen(false);
  };
  if (credentials !== null) {
    return (
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<LogOut size={16} aria-hidden />}
        onClick={() => {
          setCredentials(null);
          // Nobody else may see what was shown.
          void queries.resetQueries();
        }}
      >
        Sign out
      </Button>
    );
  }
  if (refusal !== null || info?.auth === "open") return null;
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        leftSection={<KeyRound size={16} aria-hidden />}
        onClick={() => {
          setOpen(true);
        }}
      >
        Sign in
      </Button>
      <Modal opened={isOpen} onClose={close} title="Sign in" closeButtonProps={{ "aria-label": "Close" }}>
        <SignInForm onDone={close} />
      </Modal>
    </>
  );
}

function SignInForm({ onDone }: { onDone: () => void }) {
  const refused = useCredentials();
  const [kind, setKind] = useState<Credentials["kind"]>(refused?.kind ?? "key");
  const [value, setValue] = useState("");
  const queries = useQueryClient();
  const kindLabel = useId();
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        setCredentials({ kind, value: value.trim() });
        setValue("");
        void queries.resetQueries();
        onDone();
      }}
    >
      <span id={kindLabel} className="visually-hidden">
        What you have
      </span>
      <SegmentedControl
        aria-labelledby={kindLabel}
        data={KINDS}
        value={kind}
        onChange={(chosen) => {
          setKind(chosen as Credentials["kind"]);
        }}
      />
      <PasswordInput
        label={kind === "key" ? "API key" : "Bearer token"}
        description={`${SENT_AS[kind]} It is kept in this tab, and forgotten when you close it.`}
        value={value}
        onChange={(event) => {
          setValue(event.currentTarget.value);
        }}
        autoComplete="off"
        required
        data-autofocus
      />
      <Button type="submit" disabled={value.trim() === ""}>
        Sign in
      </Button>
    </form>
  );
}
