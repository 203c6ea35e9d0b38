/** The questions that a run stopped at, with forms for the answers. */
import type { Run, Thread } from "../../api/types";
import { Interrupts } from "../../components/interrupts/interrupts";
import { Section } from "../../components/page";

export function WaitingSection({ run, thread }: { run: Run; thread: Thread }) {
  return (
    <Section title="Waits for an answer">
      <Interrupts
        threadId={thread.thread_id}
        assistantId={run.assistant_id}
        interrupts={Object.values(thread.interrupts).flat()}
      />
    </Section>
  );
}
