/** What surrounds every page: where one can go, who one is, and the page itself or what the server asks for first. */
import { Suspense, useRef } from "react";
import { Route, Switch, useLocation } from "wouter";
import { useRefusal } from "../api/credentials";
import { Loading } from "../components/states";
import { PAGES } from "../routes";
import { ErrorBoundary } from "./error-boundary";
import { Header } from "./header";
import { NotFoundPage } from "./not-found-page";
import { OpenAccessBanner } from "./open-access-banner";
import classes from "./shell.module.css";
import { SignInPage } from "./sign-in";
import { StoppedBanner } from "./stopped-banner";
import { UnreachableBanner } from "./unreachable-banner";

export function Shell() {
  const refusal = useRefusal();
  const [location] = useLocation();
  const main = useRef<HTMLElement>(null);
  return (
    <div className={classes.shell}>
      <button
        type="button"
        className={classes.skip}
        onClick={() => {
          main.current?.focus();
        }}
      >
        Skip to the content
      </button>
      <Header />
      <main ref={main} tabIndex={-1} className={classes.main}>
        {refusal === null ? (
          <>
            <OpenAccessBanner />
            <UnreachableBanner />
            <StoppedBanner />
            {/* By its address, so that an error of one page does not stay on the next. */}
            <ErrorBoundary key={location}>
              <Suspense fallback={<Loading lines={8} />}>
                <Switch>
                  {PAGES.map(({ path, Component }) => (
                    <Route key={path} path={path}>
                      {(params) => <Component params={params as Readonly<Record<string, string>>} />}
                    </Route>
                  ))}
                  <Route>
                    <NotFoundPage />
                  </Route>
                </Switch>
              </Suspense>
            </ErrorBoundary>
          </>
        ) : (
          <SignInPage refusal={refusal} />
        )}
      </main>
    </div>
  );
}
