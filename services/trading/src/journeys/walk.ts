import { captureCarrier, runWithCarrier, type Telemetry } from '@crows-nest/telemetry';
import type { Config } from '../config.ts';
import type { Database, Statement } from '../database.ts';
import type { WorkerMetrics } from '../metrics/roles.ts';
import type { Task } from '../worker/background.ts';
import { createCaller } from './caller.ts';
import { JOURNEYS, type Step, type Walk } from './journeys.ts';

const EVERY_MS = 30_000;
const STEP_LIMIT_MS = 5000;

// Less than the pause between two walks, so that the clocks of process and database need not agree to the second.
const takeTurn: Statement = {
  name: 'take_journey_turn',
  operation: 'update',
  table: 'journey_turns',
  text: `UPDATE journey_turns SET began_at = now() WHERE began_at < now() - interval '25 seconds' RETURNING began_at`,
};

export interface JourneysDependencies {
  /** Where the API is, as its customers see it, and the password of the customer who walks. */
  journeys: NonNullable<Config['journeys']>;
  database: Database;
  telemetry: Pick<Telemetry, 'logger' | 'span'>;
  metrics: Pick<WorkerMetrics, 'journeySuccess' | 'journeyDuration'>;
}

/**
 * Walks what customers must be able to do, every 30 s, as one of them and by way of the gateway. Of several workers one walks at
 * a time; the others then tell nothing, rather than what was true when they last walked.
 */
export function journeysTask(dependencies: JourneysDependencies): Task {
  const { database, telemetry, metrics } = dependencies;
  return {
    name: 'journeys',
    everyMs: EVERY_MS,
    // When the process ends a walk is broken off, and tells nothing.
    async run(stop) {
      // Without the database nobody can say whose turn it is, and that walks fail is then what must be told.
      const turns = await database.query(takeTurn).catch(() => ['ours']);
      if (turns.length === 0) {
        metrics.journeySuccess.reset();
        metrics.journeyDuration.reset();
        return;
      }
      await runWithCarrier(captureCarrier(), () =>
        telemetry.span('journeys.walk', {}, () => walkAll(dependencies, stop)),
      );
    },
  };
}

async function walkAll(dependencies: JourneysDependencies, stop: AbortSignal): Promise<void> {
  const { journeys, metrics } = dependencies;
  const caller = createCaller(journeys.url);
  const walk: Walk = {
    caller,
    password: journeys.password,
    characterId: '',
    paymentId: '',
    holding: { characterId: '', quantity: 0 },
  };
  let open = true;
  for (const { name: journey, steps } of JOURNEYS) {
    let going: boolean = open;
    for (const step of steps) {
      // What is not reached does not work either.
      const seconds: number | undefined = going
        ? await walkStep(dependencies, walk, journey, step, stop)
        : undefined;
      if (stop.aborted) return;
      going = seconds !== undefined;
      const labels = { journey, step: step.name };
      metrics.journeySuccess.set(labels, going ? 1 : 0);
      if (seconds === undefined) metrics.journeyDuration.remove(labels);
      else metrics.journeyDuration.set(labels, seconds);
    }
    if (journey === 'register') open = going;
  }
  // So that sessions do not pile up; one that stays open expires.
  const limit = AbortSignal.any([stop, AbortSignal.timeout(STEP_LIMIT_MS)]);
  if (open) await caller.call(limit, 'POST', '/auth/logout').catch(() => undefined);
}

/** @returns the seconds that the step took; undefined when it failed */
async function walkStep(
  { telemetry }: JourneysDependencies,
  walk: Walk,
  journey: string,
  step: Step,
  stop: AbortSignal,
): Promise<number | undefined> {
  const started = performance.now();
  const signal = AbortSignal.any([stop, AbortSignal.timeout(STEP_LIMIT_MS)]);
  const attributes = { 'journey.name': journey, 'journey.step': step.name };
  try {
    await telemetry.span('journey.step', attributes, () => step.run(walk, signal));
    return (performance.now() - started) / 1000;
  } catch (error) {
    if (!stop.aborted) {
      telemetry.logger.warn('Journey failed', { journey, step: step.name, error });
    }
    return undefined;
  }
}
