import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';

/**
 * Panels ask through dashboard variables instead of fixed uids, so that a dashboard taken to another Grafana works there
 * with its own Prometheus, Loki, Jaeger and Postgres. Their defaults are the uids in provisioning/datasources.
 */
export const metrics: DataSourceRef = { type: 'prometheus', uid: '${metrics}' };
export const logs: DataSourceRef = { type: 'loki', uid: '${logs}' };
export const traces: DataSourceRef = { type: 'jaeger', uid: '${traces}' };
export const books: DataSourceRef = { type: 'grafana-postgresql-datasource', uid: '${books}' };

/** Uids in provisioning/datasources, for what cannot go through a variable: defaults, and links into Explore. */
export const PROMETHEUS = 'prometheus';
export const LOKI = 'loki';
export const JAEGER = 'jaeger';
export const POSTGRES = 'postgres';
