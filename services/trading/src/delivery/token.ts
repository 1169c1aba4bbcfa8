import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import type { Telemetry } from '@crows-nest/telemetry';
import type { Guard } from '../api/endpoint.ts';
import { unauthorized } from '../problem.ts';

/**
 * Lets through who sends the delivery token, as Alertmanager and the scripts that deploy do; nobody where none is configured.
 * Compared by hash, so that neither the time nor the length tells anything of it.
 */
export function deliveryGuard(
  token: string | undefined,
  telemetry: Pick<Telemetry, 'audit'>,
): Guard {
  const expected = token === undefined ? undefined : digest(`Bearer ${token}`);
  return {
    scheme: 'deliveryToken',
    check(request: Request) {
      const sent = digest(request.headers.authorization ?? '');
      if (expected && timingSafeEqual(expected, sent)) return;
      telemetry.audit({
        action: 'delivery.token',
        outcome: 'failure',
        address: request.ip,
        target: request.path,
        reason: 'wrong-token',
      });
      throw unauthorized(
        'Send the delivery token (DELIVERY_TOKEN_FILE of this service) as "Authorization: Bearer <token>".',
      );
    },
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
