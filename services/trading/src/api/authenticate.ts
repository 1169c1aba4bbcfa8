import { setUser } from '@crows-nest/telemetry';
import type { Activity } from '../auth/activity.ts';
import type { Auth } from '../auth/auth.ts';
import type { Authenticate } from './endpoint.ts';

/** Finds whose request it is by its token, and notes that they were here. */
export function createAuthenticate(auth: Auth, activity: Activity): Authenticate {
  return async (request) => {
    const session = await auth.authenticate(request.headers.authorization, request.ip ?? 'unknown');
    setUser(session.user.id);
    activity.seen(session.user.id);
    return session;
  };
}
