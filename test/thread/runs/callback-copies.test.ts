/** Copies of LangChain's callback managers. */
import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { CallbackManager } from "@langchain/core/callbacks/manager";
import { expect, it } from "vitest";
import "../../../src/thread/runs/callback-copies";

class Handler extends BaseCallbackHandler {
  constructor(readonly name: string) {
    super();
  }
}

it("a copy has what the manager has, and changes of one do not change the other", () => {
  const [inherited, local, added] = ["inherited", "local", "added"].map((name) => new Handler(name));
  const manager = new CallbackManager("parent");
  manager.addHandler(inherited as Handler);
  manager.addHandler(local as Handler, false);
  manager.addTags(["a", "b"]);
  manager.addTags(["c"], false);
  manager.addMetadata({ topic: "rain", n: 1 });
  manager.addMetadata({ n: 2, step: 3 }, false);

  const copy = manager.copy([added as Handler], false);
  const expected = {
    handlers: [inherited, local],
    inheritableHandlers: [inherited],
    tags: ["a", "b", "c"],
    inheritableTags: ["a", "b"],
    metadata: { topic: "rain", n: 2, step: 3 },
    // LangChain takes the value from the metadata of the manager itself.
    inheritableMetadata: { topic: "rain", n: 2 },
    _parentRunId: "parent",
  };
  expect(copy).toBeInstanceOf(CallbackManager);
  expect(copy).toMatchObject({ ...expected, handlers: [inherited, local, added] });
  copy.addMetadata({ topic: "snow" });
  copy.addTags(["d"]);
  copy.removeMetadata({ step: 3 });
  expect(manager).toMatchObject({ ...expected, inheritableMetadata: { topic: "rain", n: 1 } });
});
