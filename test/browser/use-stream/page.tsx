/** A chat as people write it with the hook `useStream`. Its address says which assistant it talks to, by which transport, on which thread. */
import { useStream } from "@langchain/react";
import { useState } from "react";
import { createRoot } from "react-dom/client";

interface State extends Record<string, unknown> {
  messages: { type: string; content: string }[];
  answer?: string;
  pages?: number;
  limit?: number;
}

const address = new URL(location.href);

/** Keeps the thread in the address, so that the page finds it again when it is reloaded. */
function keepThread(threadId: string): void {
  address.searchParams.set("thread", threadId);
  history.replaceState(null, "", address);
}

const say = (content: string) => ({ messages: [{ type: "human", content }] });

function Chat() {
  const stream = useStream<State>({
    assistantId: address.searchParams.get("assistant") ?? "",
    apiUrl: location.origin,
    transport: address.searchParams.get("transport") === "websocket" ? "websocket" : "sse",
    threadId: address.searchParams.get("thread"),
    onThreadId: keepThread,
  });
  const [text, setText] = useState("");
  const { interrupt, values, toolCalls, error } = stream;
  const crawl = (): void => {
    const limit = Number(address.searchParams.get("limit") ?? 10);
    void stream.submit({ pages: 0, limit }, { config: { recursion_limit: limit + 1 } });
  };
  return (
    <main>
      <ol>
        {stream.messages.map((message, index) => (
          <li key={message.id ?? index}>
            <span>{message.text}</span>
          </li>
        ))}
      </ol>
      {toolCalls.map(({ callId, name, status }) => (
        <p key={callId}>{`tool ${name}: ${status}`}</p>
      ))}
      {interrupt !== undefined && (
        <p>
          <span>{`question: ${String(interrupt.value)}`}</span>
          {/* Without the id, the hook answers what its stream has told it, and after a reload the question is there before the stream is. */}
          <button onClick={() => void stream.respond("yes", { interruptId: interrupt.id ?? "" })}>Yes</button>
        </p>
      )}
      {values.answer !== undefined && <p>{`answer: ${values.answer}`}</p>}
      {values.pages !== undefined && <p>{`pages: ${values.pages}`}</p>}
      {error !== undefined && (
        <p>{`error: ${error instanceof Error ? error.message : JSON.stringify(error)}`}</p>
      )}
      <p>{stream.isLoading || stream.isThreadLoading ? "busy" : "idle"}</p>
      <input
        aria-label="Message"
        value={text}
        onChange={({ target }) => {
          setText(target.value);
        }}
      />
      <button onClick={() => void stream.submit(say(text))}>Send</button>
      <button onClick={crawl}>Crawl</button>
      <button onClick={() => void stream.stop()}>Stop</button>
    </main>
  );
}

const root = document.createElement("div");
document.body.append(root);
createRoot(root).render(<Chat />);
