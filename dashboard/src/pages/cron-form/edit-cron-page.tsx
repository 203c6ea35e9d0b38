/** The page "Edit cron". */
import { Hammer } from "lucide-react";
import { PageFrame } from "../../components/page";
import { Empty } from "../../components/states";

export default function EditCronPage() {
  return (
    <PageFrame title="Edit cron">
      <Empty Icon={Hammer} title="This page is not built yet." />
    </PageFrame>
  );
}
