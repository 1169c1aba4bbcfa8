import { compose } from '../../tests/stack.ts';
import type { Incident } from '../drill.ts';
import { psql } from '../postgres.ts';
import { again, together } from '../ways.ts';

/** Reports a deployment that failed, as a pipeline would; in a container of the API, which has the token. */
const report = `
  const token = require('node:fs').readFileSync(process.env.DELIVERY_TOKEN_FILE, 'utf8').trim();
  fetch('http://127.0.0.1:3000/deployments', {
    method: 'POST',
    headers: { authorization: 'Bearer ' + token, 'content-type': 'application/json' },
    body: JSON.stringify({
      id: 'drill-' + crypto.randomUUID(),
      environment: process.env.ENVIRONMENT,
      revision: 'drill',
      outcome: 'failed',
      committedAt: new Date(),
    }),
    signal: AbortSignal.timeout(5000),
  });`;

export const incident: Incident = {
  what: 'Reports deployments that failed; they are forgotten again.',
  by: together(
    {
      break: () => Promise.resolve(),
      heal: () => psql("DELETE FROM deployments WHERE id LIKE 'drill-%'"),
    },
    again(2000, () => compose('exec', '-T', 'api', 'node', '-e', report)),
  ),
  raises: { alertname: 'HighChangeFailureRate' },
  seconds: 120,
};
