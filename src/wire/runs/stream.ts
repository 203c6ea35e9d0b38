/** Requests for the streams of runs and threads. */
import { z } from "zod";
import { lastOf, listOf, queryBoolean } from "../fields";
import { STREAM_MODE_MEANING, streamModes } from "./payload";

const lastEventId = z
  .string()
  .regex(/^-?\d*$/, 'expected the id of an event, or "-1" for all')
  .transform((text) => (text === "" || text === "-" ? 0 : Math.max(Number(text), 0)));

/** The header `Last-Event-ID`, when it is sent. */
export const lastEventIdHeader = lastEventId.optional().meta({
  description:
    "The id of the last event that was received. The stream begins with the kept events after it; `-1` asks for all kept events.",
});

/** For clients that go on with a stream and have received no event yet. All others send the header. */
const lastEventIdQuery = lastOf(lastEventId).optional().meta({
  description: "Like the header `Last-Event-ID`, which counts when both are sent.",
});

/** Which of a run's events are streamed. */
export const streamQuery = z.looseObject({
  namespace: listOf(z.string()).optional().meta({
    description:
      "Only the events of these subgraphs: the labels of each, joined by `|`, and an empty text for the graph itself.",
  }),
});

export const CANCEL_ON_DISCONNECT_MEANING = {
  description: "Whether the run is cancelled when the client disconnects.",
};

export const joinStreamQuery = z.looseObject({
  ...streamQuery.shape,
  cancel_on_disconnect: lastOf(queryBoolean).default(false).meta(CANCEL_ON_DISCONNECT_MEANING),
  stream_mode: listOf(streamModes).optional().meta(STREAM_MODE_MEANING),
  // The SDK says what its caller has seen already. More than that may be streamed.
  checkpoint_id: lastOf(z.string()).optional().meta({ description: "Accepted without effect." }),
  last_event_id: lastEventIdQuery,
});

/** The modes of a thread's stream. */
export const THREAD_MODES = ["run_modes", "lifecycle", "state_update"] as const;

const threadModes = listOf(z.enum(THREAD_MODES)).optional();

export const threadStreamQuery = z.strictObject({
  stream_modes: threadModes.meta({ description: "Which events are streamed." }),
  /** The SDKs call it so. */
  stream_mode: threadModes.meta({ description: "Another name of `stream_modes`." }),
  last_event_id: lastEventIdQuery,
});
