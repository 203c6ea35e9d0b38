/** The latest state of a thread. */
import { FileQuestion } from "lucide-react";
import { useThreadState } from "../../api/threads";
import type { ThreadState } from "../../api/types";
import { Empty, Loaded } from "../../components/states";
import { ValuesView } from "../../components/values-view";

export function StateTab({ threadId }: { threadId: string }) {
  return (
    <Loaded query={useThreadState(threadId)} lines={8}>
      {(state) => <ShownState state={state} />}
    </Loaded>
  );
}

export function ShownState({ state: { values, next } }: { state: ThreadState }) {
  if (isNothing(values)) return <Empty Icon={FileQuestion} title="There is no state yet" />;
  return (
    <div className="stack">
      {next.length > 0 && (
        <p className="muted">
          Next: <span className="mono foreign">{next.join(", ")}</span>
        </p>
      )}
      <ValuesView label="Values" values={values} />
    </div>
  );
}

const isNothing = (values: unknown): boolean =>
  values === null || values === undefined || (typeof values === "object" && Object.keys(values).length === 0);
