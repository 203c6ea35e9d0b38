/** The page "Run". */
import { Hammer } from "lucide-react";
import { PageFrame } from "../../components/page";
import { Empty } from "../../components/states";

export default function RunPage() {
  return (
    <PageFrame title="Run">
      <Empty Icon={Hammer} title="This page is not built yet." />
    </PageFrame>
  );
}
