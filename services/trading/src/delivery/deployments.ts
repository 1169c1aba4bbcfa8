import type { Telemetry } from '@crows-nest/telemetry';
import type { Database, Statement } from '../database.ts';
import type { ApiMetrics } from '../metrics/roles.ts';
import { Problem } from '../problem.ts';

/** Where software is delivered to. Few, because each is a label's value. */
export const ENVIRONMENTS = ['production', 'staging', 'demo', 'development', 'test'] as const;

export type Environment = (typeof ENVIRONMENTS)[number];

/** A release that was tried. */
export interface Deployment {
  id: string;
  environment: Environment;
  /** What was released: a commit, as a rule. */
  revision: string;
  outcome: 'succeeded' | 'failed';
  /** When the oldest change in it was committed. */
  committedAt: Date;
  deployedAt: Date;
}

/** As it is reported: without an id it is known by environment, revision and time; without a time it was now. */
export type NewDeployment = Omit<Deployment, 'id' | 'deployedAt'> & {
  id?: string | undefined;
  deployedAt?: Date | undefined;
};

export interface Deployments {
  /**
   * Keeps a deployment, once however often it is reported.
   *
   * @throws {Problem} 409 when the id was used for another one
   */
  record(
    reported: NewDeployment,
    address: string | undefined,
  ): Promise<{ deployment: Deployment; repeated: boolean }>;
  /** The newest one; null before the first. */
  last(environment: Environment): Promise<Deployment | null>;
}

interface DeploymentRow {
  id: string;
  environment: Environment;
  revision: string;
  outcome: Deployment['outcome'];
  committed_at: Date;
  deployed_at: Date;
}

const insertDeployment: Statement = {
  name: 'insert_deployment',
  operation: 'insert',
  table: 'deployments',
  text: `INSERT INTO deployments (id, environment, revision, outcome, committed_at, deployed_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING *`,
};

const findDeployment: Statement = {
  name: 'find_deployment',
  operation: 'select',
  table: 'deployments',
  text: 'SELECT * FROM deployments WHERE id = $1',
};

const selectLastDeployment: Statement = {
  name: 'select_last_deployment',
  operation: 'select',
  table: 'deployments',
  text: 'SELECT * FROM deployments WHERE environment = $1 ORDER BY deployed_at DESC LIMIT 1',
};

export function createDeployments(
  database: Database,
  telemetry: Pick<Telemetry, 'audit'>,
  metrics: Pick<ApiMetrics, 'deployments' | 'deploymentLeadTime'>,
): Deployments {
  return {
    async record(reported, address) {
      const { environment, revision, outcome, committedAt, deployedAt = new Date() } = reported;
      const id = reported.id ?? `${environment} ${revision} ${deployedAt.toISOString()}`;
      const event = { action: 'deployment.report', actor: 'delivery-token', address };
      const target = `deployment:${id}`;
      const values = [id, environment, revision, outcome, committedAt, deployedAt];
      const [inserted] = await database.query<DeploymentRow>(insertDeployment, values);
      if (inserted) {
        metrics.deployments.inc({ environment, outcome });
        if (outcome === 'succeeded') {
          metrics.deploymentLeadTime.observe((deployedAt.getTime() - committedAt.getTime()) / 1000);
        }
        telemetry.audit({ ...event, target, outcome: 'success' });
        return { deployment: deploymentOf(inserted), repeated: false };
      }
      const [known] = await database.query<DeploymentRow>(findDeployment, [id]);
      if (!known || !isSame(deploymentOf(known), reported)) {
        telemetry.audit({ ...event, target, outcome: 'failure', reason: 'deployment-id-taken' });
        throw idTaken(id);
      }
      return { deployment: deploymentOf(known), repeated: true };
    },

    async last(environment) {
      const [row] = await database.query<DeploymentRow>(selectLastDeployment, [environment]);
      return row ? deploymentOf(row) : null;
    },
  };
}

function deploymentOf(row: DeploymentRow): Deployment {
  const { id, environment, revision, outcome } = row;
  return {
    id,
    environment,
    revision,
    outcome,
    committedAt: row.committed_at,
    deployedAt: row.deployed_at,
  };
}

function isSame(known: Deployment, reported: NewDeployment): boolean {
  return (
    known.environment === reported.environment &&
    known.revision === reported.revision &&
    known.outcome === reported.outcome &&
    known.committedAt.getTime() === reported.committedAt.getTime() &&
    known.deployedAt.getTime() === (reported.deployedAt ?? known.deployedAt).getTime()
  );
}

function idTaken(id: string): Problem {
  return new Problem({
    status: 409,
    code: 'deployment-id-taken',
    title: 'Another deployment has this id',
    detail: `A different deployment was recorded as ${id}. Use a new id for each.`,
  });
}
