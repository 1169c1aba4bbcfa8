import { objectiveOf, thresholdOf } from '../rules.ts';
import { barGauge } from './bar-gauge.ts';
import { graph } from './graph.ts';
import { redBelow, type Panel } from './panel.ts';
import { stateTimeline } from './state-timeline.ts';
import { stat } from './stat.ts';
import { table } from './table.ts';
import { tiles } from './tiles.ts';

/**
 * What is asked as a customer would ask it: journeys that the worker walks through the gateway, and probes of the blackbox
 * exporter. Several workers take turns; the one that walked last tells (min: what failed for one, failed).
 */

const AVAILABLE = objectiveOf('availability');
const PROBES = 'probe_success{job="probe"}';

export function journeyTiles(width: number): Panel {
  return tiles({
    title: 'Journeys',
    description:
      'Green: the synthetic customer got through it when he last walked, at most 30 s ago. Bad: red; after two minutes it is an alert (JourneyFailing).',
    width,
    height: 4,
    expr: 'min by (journey) (journey_success)',
    legend: '{{journey}}',
  });
}

export function journeysAvailable(width: number): Panel {
  return stat({
    title: 'Journeys done in 1 h',
    description:
      'Share of the steps of all journeys that could be done in the last hour. Bad: red, below the target of the SLO availability: customers could not either.',
    unit: 'percentunit',
    decimals: 2,
    width,
    thresholds: redBelow(AVAILABLE),
    expr: 'avg(avg_over_time(journey_success[1h]))',
  });
}

export function probesAvailable(width: number): Panel {
  return stat({
    title: 'Way in available in 1 h',
    description:
      'Share of the probes of the gateway, page and API, that were answered well in the last hour. Bad: red, below the target of the SLO availability.',
    unit: 'percentunit',
    decimals: 2,
    width,
    thresholds: redBelow(AVAILABLE),
    expr: 'avg(avg_over_time(probe_success{service="web"}[1h]))',
  });
}

export function journeySteps(width: number): Panel {
  return stateTimeline({
    title: 'Steps of journeys',
    description:
      'Bad: red. The first red step of a journey is the cause; those after it could not be tried.',
    width,
    height: 9,
    expr: 'min by (journey, step) (journey_success)',
    legend: '{{journey}}: {{step}}',
  });
}

export function stepDurations(width: number): Panel {
  return graph({
    title: 'Time of steps',
    description:
      'How long a step took when it was last walked; none where it failed. Bad: near 5 s, which is when a step is given up, or one leaving the others.',
    unit: 's',
    width,
    height: 9,
    legendTable: true,
    queries: [
      {
        expr: 'max by (journey, step) (journey_duration_seconds)',
        legend: '{{journey}}: {{step}}',
      },
    ],
  });
}

export function probes(width: number): Panel {
  return stateTimeline({
    title: 'Probes',
    description: 'Whether each part answers as it should when asked from outside. Bad: red.',
    width,
    height: 9,
    expr: `min by (instance) (${PROBES})`,
    legend: '{{instance}}',
  });
}

export function probeDurations(width: number): Panel {
  return graph({
    title: 'Time of probes',
    description:
      'From asking to the whole answer. Bad: near 5 s, which is when a probe is given up, or one leaving the others.',
    unit: 's',
    width,
    height: 9,
    legendTable: true,
    queries: [
      { expr: 'max by (instance) (probe_duration_seconds{job="probe"})', legend: '{{instance}}' },
    ],
  });
}

export function probePhases(width: number): Panel {
  return graph({
    title: 'Where a probe of the API spends its time',
    description:
      'Finding the address, connecting, encrypting, waiting for the answer, reading it. Bad: one phase that grows: the network before `processing`, the API in it.',
    unit: 's',
    width,
    stacked: true,
    queries: [
      {
        expr: 'max by (phase) (probe_http_duration_seconds{instance="http://web:3000/health/ready"})',
        legend: '{{phase}}',
      },
    ],
  });
}

export function availabilityTable(width: number): Panel {
  return table({
    title: 'Availability',
    description:
      'Share of the probes that were answered well, over an hour and over the time shown. Bad: red, below the target of the SLO availability.',
    width,
    rows: { service: 'Service', instance: 'Address' },
    sortBy: 'Service',
    columns: [
      {
        title: '1 h',
        expr: `min by (service, instance) (avg_over_time(${PROBES}[1h]))`,
        unit: 'percentunit',
        decimals: 2,
        floor: AVAILABLE,
      },
      {
        title: 'Time shown',
        expr: `min by (service, instance) (avg_over_time(${PROBES}[$__range]))`,
        unit: 'percentunit',
        decimals: 2,
        floor: AVAILABLE,
      },
    ],
  });
}

export function certificates(width: number): Panel {
  return barGauge({
    title: 'Certificates',
    description:
      'How long each certificate is still valid. Bad: red, which is where CertificateExpiring fires: renewing has failed for two weeks.',
    unit: 's',
    width,
    thresholds: redBelow(thresholdOf('CertificateExpiring')),
    expr: 'min by (instance) (probe_ssl_earliest_cert_expiry) - time()',
    legend: '{{instance}}',
    whenEmpty: 'Nothing is asked by HTTPS',
    emptyWhenHealthy:
      'within the compose network all is plain HTTP; a probe of an https address fills it',
  });
}
