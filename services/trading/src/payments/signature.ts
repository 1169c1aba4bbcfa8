import { createHmac, timingSafeEqual } from 'node:crypto';

/** `forged`: not signed with the secret; `stale`: signed, but not now, so it may be somebody's recording. */
export type Verdict = 'genuine' | 'forged' | 'stale';

/** How old, or how far ahead of our clock, a signature may be: milliseconds. */
const TOLERANCE_MS = 5 * 60 * 1000;

/**
 * Checks a webhook's `Gateway-Signature`: `t=<Unix seconds>,v1=<hex>`, where v1 is the HMAC-SHA256 of "t.body" under the secret
 * (Stripe's scheme: https://docs.stripe.com/webhooks#verify-manually). Takes the same time whatever of it is wrong.
 */
export function verify(
  header: string,
  body: Buffer,
  secret: string,
  now: number = Date.now(),
): Verdict {
  const [, seconds, hex] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  if (seconds === undefined || hex === undefined) return 'forged';
  const expected = createHmac('sha256', secret).update(`${seconds}.`).update(body).digest();
  if (!timingSafeEqual(Buffer.from(hex, 'hex'), expected)) return 'forged';
  return Math.abs(now - Number(seconds) * 1000) > TOLERANCE_MS ? 'stale' : 'genuine';
}
