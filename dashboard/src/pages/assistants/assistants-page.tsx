/** The page "Assistants". */
import { Hammer } from "lucide-react";
import { PageFrame } from "../../components/page";
import { Empty } from "../../components/states";

export default function AssistantsPage() {
  return (
    <PageFrame title="Assistants">
      <Empty Icon={Hammer} title="This page is not built yet." />
    </PageFrame>
  );
}
