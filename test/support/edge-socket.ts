/** A WebSocket in the form in which browsers have it, to the server under test. */
import { webSocket } from "./protocol";

/** Connects to an address such as `ws://edge/threads/…/stream/events`. */
export class EdgeSocket extends EventTarget {
  /** As in browsers: connecting, open, closing, closed. */
  readyState = 0;
  private socket: WebSocket | undefined;

  constructor(url: string) {
    super();
    const [, , threadId = ""] = new URL(url).pathname.split("/");
    webSocket(threadId).then(
      (socket) => {
        this.take(socket);
      },
      () => {
        this.readyState = 3;
        this.dispatchEvent(new Event("error"));
      },
    );
  }

  send(text: string): void {
    this.socket?.send(text);
  }

  close(): void {
    this.socket?.close(1000, "enough");
  }

  /** Breaks the connection, as when the network is gone. */
  break(): void {
    this.socket?.close(1001, "broken");
    this.end(1006);
  }

  private take(socket: WebSocket): void {
    this.socket = socket;
    socket.addEventListener("message", (event) => {
      const data: unknown = event.data;
      if (this.readyState === 1) this.dispatchEvent(new MessageEvent("message", { data }));
    });
    socket.addEventListener("close", ({ code }) => {
      this.end(code);
    });
    socket.accept();
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  private end(code: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatchEvent(new CloseEvent("close", { code }));
  }
}
