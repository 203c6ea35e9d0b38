/** What a thread waits for: each question of its graph, with a form for the answer. */
import { useLocation } from "wouter";
import { useAnswerInterrupt } from "../../api/runs";
import type { Interrupt } from "../../api/types";
import { addressOf } from "../../routes";
import { useNotice } from "../notices";
import { AnswerForm } from "./answer-form";
import classes from "./interrupts.module.css";
import { readReview } from "./read-review";
import { ReviewForm } from "./review-form";

interface InterruptsProps {
  readonly threadId: string;
  /** The assistant that goes on with the answer. */
  readonly assistantId: string;
  readonly interrupts: readonly Interrupt[];
}

export function Interrupts({ threadId, assistantId, interrupts }: InterruptsProps) {
  const answerInterrupt = useAnswerInterrupt(threadId, assistantId);
  const [, navigate] = useLocation();
  const notify = useNotice();
  const answer = async ({ id }: Interrupt, value: unknown): Promise<void> => {
    // Where several questions wait, the answer says which one it is for.
    const resume = interrupts.length > 1 && id !== undefined ? { [id]: value } : value;
    const run = await answerInterrupt.mutateAsync(resume);
    notify("The answer is sent. This is the run that goes on with it.");
    navigate(addressOf.run(run.run_id));
  };
  return (
    <div className={classes.questions}>
      {interrupts.map((interrupt, index) => {
        const review = readReview(interrupt.value);
        const onAnswer = (value: unknown): Promise<void> => answer(interrupt, value);
        const key = interrupt.id ?? index;
        return review === null ? (
          <AnswerForm key={key} value={interrupt.value} onAnswer={onAnswer} />
        ) : (
          <ReviewForm key={key} review={review} onAnswer={onAnswer} />
        );
      })}
    </div>
  );
}
