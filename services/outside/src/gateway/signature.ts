import { createHmac } from 'node:crypto';

/**
 * The header that proves where a webhook comes from and when it was sent: `t=<Unix seconds>,v1=<hex>`, the HMAC-SHA256 of
 * "t.body" under the merchant's secret. Stripe's scheme: https://docs.stripe.com/webhooks#verify-manually
 */
export function signatureOf(secret: string, sentAt: Date, body: string): string {
  const seconds = Math.floor(sentAt.getTime() / 1000);
  const hmac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${hmac}`;
}
