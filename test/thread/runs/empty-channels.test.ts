/** Channels without a value. */
import { EmptyChannelError } from "@langchain/langgraph";
import {
  channelsFromCheckpoint,
  createCheckpoint,
  EphemeralValue,
  LastValue,
} from "@langchain/langgraph/channels";
import { emptyCheckpoint } from "@langchain/langgraph-checkpoint";
import { expect, it } from "vitest";
import "../../../src/thread/runs/empty-channels";

it("are left out of a checkpoint, and share the error that says so", () => {
  const channels = { topic: new LastValue<string>(), branch: new EphemeralValue<string>() };
  const errors = [channels.topic, channels.branch].map((channel) => {
    try {
      return channel.checkpoint();
    } catch (error) {
      return error;
    }
  });
  expect(errors[0]).toBeInstanceOf(EmptyChannelError);
  expect(errors[1]).toBe(errors[0]);
  expect(createCheckpoint(emptyCheckpoint(), channels, 1).channel_values).toEqual({});
});

it("have their values in a checkpoint when they get some, falsy ones too", async () => {
  const channels = { topic: new LastValue<string>(), branch: new EphemeralValue<string>() };
  channels.topic.update(["rain"]);
  channels.branch.update([""]);
  const checkpoint = createCheckpoint(emptyCheckpoint(), channels, 1);
  expect(checkpoint.channel_values).toEqual({ topic: "rain", branch: "" });
  const again = await channelsFromCheckpoint(channels, checkpoint);
  expect(again.topic.get()).toBe("rain");
  expect(again.branch.get()).toBe("");
});
