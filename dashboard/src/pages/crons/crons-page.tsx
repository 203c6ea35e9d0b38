/** The page "Crons". */
import { Hammer } from "lucide-react";
import { PageFrame } from "../../components/page";
import { Empty } from "../../components/states";

export default function CronsPage() {
  return (
    <PageFrame title="Crons">
      <Empty Icon={Hammer} title="This page is not built yet." />
    </PageFrame>
  );
}
