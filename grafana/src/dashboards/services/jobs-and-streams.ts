import type { Dashboard } from '../../dashboard.ts';
import {
  depth,
  durations,
  failedJobs,
  failuresByName,
  jobRate,
  outboxLag,
  outboxLagOverTime,
  states,
  tasks,
  waitingJobs,
  waits,
} from '../../panels/jobs.ts';
import { logTail } from '../../panels/logs.ts';
import {
  openStreams,
  streamDurations,
  streamMessages,
  streamsByInstance,
} from '../../panels/streams.ts';
import {
  timeToCredit,
  webhookRate,
  webhooksByOutcome,
  webhooksSent,
} from '../../panels/webhooks.ts';
import { fromLabel, several } from '../../variables.ts';

export const jobsAndStreams: Dashboard = {
  folder: 'Services',
  uid: 'jobs-and-streams',
  question: 'Are queues draining, webhooks arriving, streams open?',
  next: ['payments', 'runtime', 'redis', 'logs', 'traces'],
  variables: [several(fromLabel('queue', 'Queue', 'job_queue_depth'))],
  rows: [
    {
      title: 'Are queues draining, webhooks arriving, streams open?',
      panels: [waitingJobs(5), outboxLag(5), failedJobs(5), webhookRate(5), openStreams(4)],
    },
    {
      title: 'Are queues draining?',
      panels: [depth(8), states(8), outboxLagOverTime(8), jobRate(8), waits(8), durations(8)],
    },
    {
      title: 'What fails?',
      panels: [
        failuresByName(8),
        logTail({
          title: 'Failed jobs',
          description:
            'What the worker says at error, newest first. Bad: any; open a line for its fields, and the link to its trace.',
          width: 16,
          selector: '{service_name="worker", level="error"}',
          whenEmpty: 'No job has failed',
          emptyWhenHealthy: 'jobs succeed; drill gateway-hangs fills it',
        }),
      ],
    },
    {
      title: 'Do webhooks arrive?',
      panels: [webhooksByOutcome(8), webhooksSent(8), timeToCredit(8)],
    },
    {
      title: 'Are streams open?',
      panels: [streamsByInstance(8), streamMessages(8), streamDurations(8)],
    },
    {
      title: 'Does the worker keep up with its tasks?',
      panels: [tasks(24)],
    },
  ],
};
