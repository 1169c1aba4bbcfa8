import type { Request, RequestHandler, Response } from 'express';
import { setUser } from '@crows-nest/telemetry';
import type { Activity } from '../auth/activity.ts';
import type { Auth } from '../auth/auth.ts';
import type { Session } from '../auth/sessions.ts';

export type SessionHandler = (
  request: Request,
  response: Response,
  session: Session,
) => Promise<void>;

/** Wraps a handler so that it runs with the caller's session, and without one answers 401. */
export type Authenticated = (handler: SessionHandler) => RequestHandler;

export function authenticated(auth: Auth, activity: Activity): Authenticated {
  return (handler) => async (request, response) => {
    const session = await auth.authenticate(request.headers.authorization);
    setUser(session.user.id);
    activity.seen(session.user.id);
    await handler(request, response, session);
  };
}
