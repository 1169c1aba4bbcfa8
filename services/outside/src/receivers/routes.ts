import express, { Router, type ErrorRequestHandler, type Request, type Response } from 'express';

import type { Heartbeat } from '../inbox/heartbeat.ts';
import type { Inbox } from '../inbox/inbox.ts';
import type { Channel, NewMessage } from '../inbox/message.ts';
import { receiveHeartbeat } from './heartbeat.ts';
import { receivePagerDuty } from './pagerduty.ts';
import type { Answer, Incoming, Received } from './received.ts';
import { receiveSlack } from './slack.ts';
import { receiveSns } from './sns.ts';

/** Counts what came and logs what was refused: a refused message is a fault of ours that the real service would refuse too. */
export interface Tally {
  accepted(channel: Channel): void;
  refused(channel: Channel, reason: string): void;
}

/** The endpoints that imitate Slack, PagerDuty and Amazon SNS, and the one that hears the heartbeat. */
export function receiverRoutes(deps: { inbox: Inbox; heartbeat: Heartbeat; tally: Tally }): Router {
  const { inbox, heartbeat, tally } = deps;
  const router = Router();
  // PagerDuty's limit, the largest of the four. Parsed by the receivers: each refuses malformed text in its own way.
  router.use(express.text({ type: () => true, limit: '512kb' }));

  const receive =
    (channel: Channel, receiver: (incoming: Incoming) => Received) =>
    (request: Request, response: Response): void => {
      const received = receiver(incoming(request));
      if (received.outcome === 'accepted') {
        accept(inbox, tally, received.message);
      } else {
        tally.refused(channel, received.reason);
      }
      send(response, received.answer);
    };

  router.post('/slack/*path', receive('slack', receiveSlack));
  router.post('/v2/enqueue', receive('pagerduty', receivePagerDuty));
  router.post('/', receive('sms', receiveSns));
  router.post('/heartbeat', (request, response) => {
    const { outcome, reason, answer } = receiveHeartbeat(incoming(request).body, heartbeat);
    if (outcome === 'accepted') tally.accepted('heartbeat');
    else tally.refused('heartbeat', reason);
    send(response, answer);
  });
  // Alertmanager's incidents, where no trading system keeps them: nobody here does either.
  router.post('/incidents', (_request, response) => {
    response.sendStatus(204);
  });
  return router;
}

export function accept(inbox: Inbox, tally: Tally, message: NewMessage): void {
  inbox.add(message);
  tally.accepted(message.channel);
}

function incoming(request: Request): Incoming {
  return {
    path: request.path,
    contentType: request.get('content-type') ?? '',
    authorization: request.get('authorization') ?? '',
    // Without a body express.text leaves an empty object.
    body: typeof request.body === 'string' ? request.body : '',
  };
}

function send(response: Response, answer: Answer): void {
  response.status(answer.status).set('Content-Type', answer.contentType).send(answer.body);
}

/** A body that is too large or in an unknown encoding: nothing of it was kept. */
export const bodyErrors: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  if (status < 400 || status >= 500) {
    next(error);
    return;
  }
  response
    .status(status)
    .type('text/plain')
    .send(`${(error as Error).message}\n`);
};
