/** The page "Thread". */
import { Hammer } from "lucide-react";
import { PageFrame } from "../../components/page";
import { Empty } from "../../components/states";

export default function ThreadPage() {
  return (
    <PageFrame title="Thread">
      <Empty Icon={Hammer} title="This page is not built yet." />
    </PageFrame>
  );
}
