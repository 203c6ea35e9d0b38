/** The JSON schemas of an assistant's graph. */
import { useAssistantSchemas } from "../../api/assistants";
import { Disclosure } from "../../components/disclosure";
import { JsonView } from "../../components/json-view";
import { Section } from "../../components/page";
import { Loaded } from "../../components/states";

const SCHEMAS = [
  { key: "input_schema", label: "Input" },
  { key: "output_schema", label: "Output" },
  { key: "state_schema", label: "State" },
  { key: "config_schema", label: "Configuration" },
  { key: "context_schema", label: "Context" },
] as const;

export function Schemas({ assistantId }: { assistantId: string }) {
  return (
    <Section title="Schemas of the graph">
      <Loaded query={useAssistantSchemas(assistantId)}>
        {(schemas) => {
          const known = SCHEMAS.map(({ key, label }) => ({
            label,
            schema: new Map(Object.entries(schemas)).get(key) as unknown,
          })).filter(({ schema }) => schema != null);
          if (known.length === 0)
            return <p className="muted">The graph does not say what it takes and gives.</p>;
          return (
            <div className="stack">
              {known.map(({ label, schema }, index) => (
                <Disclosure key={label} summary={label} isOpenAtFirst={index === 0}>
                  <JsonView label={`Schema of the ${label.toLowerCase()}`} value={schema} />
                </Disclosure>
              ))}
            </div>
          );
        }}
      </Loaded>
    </Section>
  );
}
