import type { Health, Telemetry } from '@crows-nest/telemetry';
import express, { type Express } from 'express';
import { Counter, Gauge } from 'prom-client';

import { faultRoutes, type Faults } from './gateway/faults.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { Heartbeat } from './inbox/heartbeat.ts';
import type { Inbox } from './inbox/inbox.ts';
import { inboxRoutes, streamRoutes } from './inbox/routes.ts';
import { pageRoutes } from './page/routes.ts';
import { securityHeaders } from './page/security.ts';
import { bodyErrors, receiverRoutes, type Tally } from './receivers/routes.ts';

export interface Dependencies {
  telemetry: Telemetry;
  inbox: Inbox;
  heartbeat: Heartbeat;
  tally: Tally;
  health: Health;
  runbooksDirectory: string | undefined;
  /** None: this world has no card gateway. */
  gateway: Pick<Gateway, 'router'> | undefined;
  /** None: it cannot be broken on purpose. */
  faults: Faults | undefined;
}

export interface App {
  app: Express;
  /** Ends the open event streams, which would otherwise keep the server from closing. */
  close: () => void;
}

/** The whole HTTP side. Does not listen. */
export function createApp({
  telemetry,
  inbox,
  heartbeat,
  tally,
  health,
  runbooksDirectory,
  gateway,
  faults,
}: Dependencies): App {
  const app = express();
  app.disable('x-powered-by');
  // Before the telemetry: a stream stays open for hours, and would count as the slowest of all requests.
  const stream = streamRoutes(inbox, heartbeat);
  app.use(stream.router);
  app.use(telemetry.http());
  app.get('/metrics', telemetry.metricsEndpoint());
  app.use(health.router);
  if (gateway) app.use('/gateway/v1', gateway.router);
  app.use('/faults', faultRoutes(faults));
  app.use(securityHeaders);
  app.use(inboxRoutes(inbox, heartbeat));
  app.use(pageRoutes({ inbox, heartbeat, runbooksDirectory }));
  app.use(receiverRoutes({ inbox, heartbeat, tally }));
  app.use(bodyErrors);
  return { app, close: stream.close };
}

/** `outside_messages_total` and `outside_heartbeat_timestamp_seconds`; a refused message is also a warning in the log. */
export function createTally(telemetry: Telemetry, heartbeat: Heartbeat): Tally {
  const messages = new Counter({
    name: 'outside_messages_total',
    help: 'Messages that reached the world outside, by channel and whether the real one would have taken them',
    labelNames: ['channel', 'outcome'],
    registers: [telemetry.registry],
  });
  new Gauge({
    name: 'outside_heartbeat_timestamp_seconds',
    help: "When Alertmanager's last heartbeat came, Unix time; 0 before the first",
    registers: [telemetry.registry],
    collect() {
      const { lastAt } = heartbeat.status();
      this.set(lastAt === null ? 0 : Date.parse(lastAt) / 1000);
    },
  });
  return {
    accepted: (channel) => {
      messages.inc({ channel, outcome: 'accepted' });
    },
    refused: (channel, reason) => {
      messages.inc({ channel, outcome: 'refused' });
      telemetry.logger.warn('Refused a message', { channel, reason });
    },
  };
}
