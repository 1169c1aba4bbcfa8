import type { Telemetry } from '@crows-nest/telemetry';
import type { Database, Statement } from '../database.ts';
import type { Mail, Mailer } from './mailer.ts';

// Longer than a sending can take, so that a claim outlives its holder's attempt, and short enough for the next retry.
const claimNotification: Statement = {
  name: 'claim_notification',
  operation: 'insert',
  table: 'notifications',
  text: `INSERT INTO notifications AS n (message_id, claimed_until) VALUES ($1, now() + interval '30 seconds')
         ON CONFLICT (message_id) DO UPDATE SET claimed_until = excluded.claimed_until
           WHERE n.sent_at IS NULL AND n.claimed_until < now()
         RETURNING message_id`,
};

const selectSent: Statement = {
  name: 'select_notification_sent',
  operation: 'select',
  table: 'notifications',
  text: 'SELECT sent_at FROM notifications WHERE message_id = $1',
};

const markSent: Statement = {
  name: 'mark_notification_sent',
  operation: 'update',
  table: 'notifications',
  text: 'UPDATE notifications SET sent_at = now() WHERE message_id = $1',
};

const releaseClaim: Statement = {
  name: 'release_notification',
  operation: 'update',
  table: 'notifications',
  text: 'UPDATE notifications SET claimed_until = now() WHERE message_id = $1 AND sent_at IS NULL',
};

export interface NotificationDependencies {
  database: Database;
  mailer: Mailer;
  telemetry: Pick<Telemetry, 'span'>;
}

/**
 * Sends a mail once, however often it is called with the mail's id. Who calls claims the mail first; two at a time: one
 * sends, the other fails and finds it sent when it tries again. Should the process die between the server's taking the mail
 * and our noting it, the next attempt carries the same Message-ID.
 *
 * @param attributes the ids that a person would search the sending's span by
 */
export async function sendOnce(
  { database, mailer, telemetry }: NotificationDependencies,
  mail: Mail,
  attributes: Record<string, string>,
): Promise<void> {
  const { id } = mail;
  const ofSpan = { ...attributes, 'messaging.message.id': id };
  await telemetry.span('notification.send', ofSpan, async (span) => {
    const [claimed] = await database.query<{ message_id: string }>(claimNotification, [id]);
    if (!claimed) {
      const [known] = await database.query<{ sent_at: Date | null }>(selectSent, [id]);
      if (!known?.sent_at) throw new Error(`Mail ${id} is being sent by another attempt`);
      span.setAttribute('notification.sent_before', true);
      return;
    }
    try {
      await mailer.send(mail);
    } catch (error) {
      await database.query(releaseClaim, [id]);
      throw error;
    }
    await database.query(markSent, [id]);
  });
}
