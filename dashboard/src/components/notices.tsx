/** Short words on what was just done, at the edge of the page. Screen readers say them. */
import { CloseButton } from "@mantine/core";
import { createContext, type PropsWithChildren, useCallback, useContext, useState } from "react";
import classes from "./notices.module.css";

const SHOWN_MS = 6_000;

interface Notice {
  readonly id: number;
  readonly text: string;
}

const NoticeContext = createContext<(text: string) => void>(() => undefined);

/** Returns a function that shows a text, such as "The cron is paused". */
export const useNotice = (): ((text: string) => void) => useContext(NoticeContext);

let lastId = 0;

export function NoticeProvider({ children }: PropsWithChildren) {
  const [notices, setNotices] = useState<readonly Notice[]>([]);
  const remove = useCallback((id: number) => {
    setNotices((shown) => shown.filter((notice) => notice.id !== id));
  }, []);
  const show = useCallback(
    (text: string) => {
      lastId += 1;
      const id = lastId;
      setNotices((shown) => [...shown, { id, text }]);
      setTimeout(remove, SHOWN_MS, id);
    },
    [remove],
  );
  return (
    <NoticeContext value={show}>
      {children}
      <div className={classes.notices} role="status">
        {notices.map(({ id, text }) => (
          <div key={id} className={classes.notice}>
            <span>{text}</span>
            <CloseButton
              size="sm"
              aria-label="Close"
              onClick={() => {
                remove(id);
              }}
            />
          </div>
        ))}
      </div>
    </NoticeContext>
  );
}
