/** The page "Overview". */
import { Hammer } from "lucide-react";
import { PageFrame } from "../../components/page";
import { Empty } from "../../components/states";

export default function OverviewPage() {
  return (
    <PageFrame title="Overview">
      <Empty Icon={Hammer} title="This page is not built yet." />
    </PageFrame>
  );
}
