/** The dashboard: what all of its pages share, around the page that the address names. */
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { Router } from "wouter";
import { queryClientFor } from "./api/query-client";
import { NoticeProvider } from "./components/notices";
import { ZoneProvider } from "./components/zone";
import { DASHBOARD_PATH } from "./routes";
import { Shell } from "./shell/shell";
import { theme } from "./theme";

export function App() {
  const [queries] = useState(queryClientFor);
  return (
    // The variables and classes that Mantine would write into the page are in its style sheet: the page may have no inline style.
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
      deduplicateCssVariables={false}
    >
      <QueryClientProvider client={queries}>
        <ZoneProvider>
          <NoticeProvider>
            <Router base={DASHBOARD_PATH}>
              <Shell />
            </Router>
          </NoticeProvider>
        </ZoneProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
