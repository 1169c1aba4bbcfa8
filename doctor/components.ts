/** A component as the doctor asks for it. */
export interface Component {
  /** Its name in the compose files. */
  readonly service: string;
  /** Answers 2xx when the component can do its work; none where only Docker can tell. */
  readonly readyUrl?: string;
  /** What to do when it is not well. */
  readonly remedy: string;
  /** Why it may rightly have no container; a component without this must have one. */
  readonly leftOut?: string;
}

const logs = (service: string): string => `Read why: make logs SERVICE=${service}`;

const component = (service: string, readyUrl: string, remedy = logs(service)): Component => ({
  service,
  readyUrl,
  remedy,
});

/** Every component that keeps running, in the order in which they depend on each other. */
export const components: readonly Component[] = [
  {
    service: 'postgres',
    remedy: `${logs('postgres')}, and /logs/postgres in the volume \`logs\`. A full disk is the usual cause.`,
  },
  { service: 'redis', remedy: logs('redis') },
  component(
    'api',
    'http://api:3000/health/ready',
    `${logs('api')}. It needs postgres, and the schema that migrate brings.`,
  ),
  component('market', 'http://market:3000/health/ready'),
  component('worker', 'http://worker:3000/health/ready'),
  component('web', 'http://web:80/'),
  component('outside', 'http://outside:8025/health/ready'),
  {
    service: 'traffic',
    remedy: logs('traffic'),
    leftOut: 'TRAFFIC is 0 in .env, or `make up` has not been run',
  },
  component('prometheus', 'http://prometheus:9090/-/ready'),
  component('alertmanager', 'http://alertmanager:9093/-/ready'),
  {
    ...component('grafana', 'http://grafana:3000/api/health'),
    leftOut: 'its image can be had nowhere (airgap/README.md), or GRAFANA is 0 in .env',
  },
  component('loki', 'http://loki:3100/ready'),
  component('jaeger', 'http://jaeger:13133/status'),
  component('collector', 'http://collector:13133/'),
  component('node-exporter', 'http://node-exporter:9100/'),
  component('postgres-exporter', 'http://postgres-exporter:9187/'),
  component('redis-exporter', 'http://redis-exporter:9121/health'),
  component('blackbox-exporter', 'http://blackbox-exporter:9115/-/healthy'),
  component('cadvisor', 'http://cadvisor:8080/healthz'),
];
