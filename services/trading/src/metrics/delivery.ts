import { Counter, Gauge, Histogram } from 'prom-client';
import { ENVIRONMENTS } from '../delivery/deployments.ts';
import type { Registry } from './registry.ts';

/** What is reported of deployments and incidents. */
export function createDeliveryMetrics(registry: Registry) {
  const registers = [registry];
  const deployments = new Counter({
    name: 'deployments_total',
    help: 'Deployments reported',
    labelNames: ['environment', 'outcome'] as const,
    registers,
  });
  // From 0 on: each deployment replaces the process, which then counts that one alone.
  for (const environment of ENVIRONMENTS) {
    for (const outcome of ['succeeded', 'failed']) deployments.inc({ environment, outcome }, 0);
  }
  return {
    deployments,
    deploymentLeadTime: new Histogram({
      name: 'deployment_lead_time_seconds',
      help: 'Time from the oldest commit in a deployment to its success',
      buckets: [300, 3600, 14_400, 43_200, 86_400, 259_200, 604_800, 1_209_600, 2_592_000],
      registers,
    }),
    incidentRecovery: new Histogram({
      name: 'incident_recovery_seconds',
      help: 'Time from the start of an incident to its end',
      buckets: [30, 60, 120, 300, 600, 1800, 3600, 14_400, 43_200, 86_400],
      registers,
    }),
  };
}

/** What follows from all that was reported: looked up in the background. */
export function createDeliveryGauges(registry: Registry) {
  const registers = [registry];
  return {
    incidentsOpen: new Gauge({
      name: 'incidents_open',
      help: 'Incidents that have not ended',
      registers,
    }),
    recentDeployments: new Gauge({
      name: 'recent_deployments',
      help: 'Deployments of the last 30 days, also those that failed',
      registers,
    }),
    changeFailureRate: new Gauge({
      name: 'change_failure_rate',
      help: 'Deployments of the last 30 days that failed or led to a critical incident, over all; absent without any',
      registers,
    }),
  };
}
