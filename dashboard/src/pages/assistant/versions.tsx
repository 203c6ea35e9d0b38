/** The versions of an assistant, the newest first, each with what it was. */
import { useAssistantVersions } from "../../api/assistants";
import type { Assistant } from "../../api/types";
import { Disclosure } from "../../components/disclosure";
import { JsonView } from "../../components/json-view";
import { Section } from "../../components/page";
import { Loaded } from "../../components/states";
import { Time } from "../../components/time";
import classes from "./assistant-page.module.css";

export function Versions({ assistant }: { assistant: Assistant }) {
  return (
    <Section title="Versions">
      <Loaded query={useAssistantVersions(assistant.assistant_id)}>
        {({ items }) => (
          <ol className={classes.versions} reversed>
            {items.map(({ version, updated_at: at, ...fields }) => (
              <li key={version}>
                <Disclosure
                  summary={
                    <>
                      Version {version}
                      {version === assistant.version && ", in use"} · <Time at={at} />
                    </>
                  }
                >
                  <JsonView label={`Version ${version}`} value={contentOf(fields)} />
                </Disclosure>
              </li>
            ))}
          </ol>
        )}
      </Loaded>
    </Section>
  );
}

/** What differs between versions. */
const contentOf = ({ name, description, graph_id, config, context, metadata }: Partial<Assistant>) => ({
  name,
  description,
  graph_id,
  config,
  context,
  metadata,
});
