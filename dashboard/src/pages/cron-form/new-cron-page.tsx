/** The page "New cron". */
import { Hammer } from "lucide-react";
import { PageFrame } from "../../components/page";
import { Empty } from "../../components/states";

export default function NewCronPage() {
  return (
    <PageFrame title="New cron">
      <Empty Icon={Hammer} title="This page is not built yet." />
    </PageFrame>
  );
}
