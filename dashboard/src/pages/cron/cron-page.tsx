/** The page "Cron". */
import { Hammer } from "lucide-react";
import { PageFrame } from "../../components/page";
import { Empty } from "../../components/states";

export default function CronPage() {
  return (
    <PageFrame title="Cron">
      <Empty Icon={Hammer} title="This page is not built yet." />
    </PageFrame>
  );
}
