/** There is no page at the address. */
import { MapPinOff } from "lucide-react";
import { Link } from "wouter";
import { PageFrame } from "../components/page";
import { Empty } from "../components/states";
import { addressOf } from "../routes";

export function NotFoundPage() {
  return (
    <PageFrame title="No such page">
      <Empty Icon={MapPinOff} title="There is no page at this address.">
        <Link href={addressOf.overview()}>Go to the overview</Link>
      </Empty>
    </PageFrame>
  );
}
