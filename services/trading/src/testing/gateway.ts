import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Telemetry } from '@crows-nest/telemetry';
// The real one, of the world outside; we speak HTTP with it as we do when it is a process of its own.
import { createGateway } from '../../../outside/src/gateway/gateway.ts';
import { GATEWAY_KEY, WEBHOOK_SECRET, type TestSystem } from './system.ts';

/** The card gateway of a test, in a hurry. */
export interface TestGateway {
  url: string;
  /** Charges, or payouts, that it has under a reference. */
  find(kind: 'charges' | 'payouts', reference: string): Promise<{ id: string; status: string }[]>;
  close(): Promise<void>;
}

/** Starts a gateway that tells the API of `system` by webhook. On the port of one that was closed it is the same, grown forgetful. */
export async function startGateway(
  system: TestSystem,
  telemetry: Telemetry,
  port = 0,
): Promise<TestGateway> {
  const gateway = createGateway(
    {
      key: GATEWAY_KEY,
      webhookUrl: `${system.url}/webhooks/payments`,
      webhookSecret: WEBHOOK_SECRET,
    },
    telemetry,
    { timing: { settleMs: 50, slowMs: 500, lateMs: 1000, hangMs: 6000, retryMs: 100 } },
  );
  const server = createServer(express().use('/gateway/v1', gateway.router));
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/gateway/v1`;
  return {
    url,
    async find(kind, reference) {
      const answer = await fetch(`${url}/${kind}?reference=${reference}`, {
        headers: { authorization: `Bearer ${GATEWAY_KEY}` },
      });
      return ((await answer.json()) as { data: { id: string; status: string }[] }).data;
    },
    async close() {
      await gateway.close();
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
