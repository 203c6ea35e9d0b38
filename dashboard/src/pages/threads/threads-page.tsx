/** The page "Threads". */
import { Hammer } from "lucide-react";
import { PageFrame } from "../../components/page";
import { Empty } from "../../components/states";

export default function ThreadsPage() {
  return (
    <PageFrame title="Threads">
      <Empty Icon={Hammer} title="This page is not built yet." />
    </PageFrame>
  );
}
