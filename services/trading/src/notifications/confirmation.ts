import type { Telemetry } from '@crows-nest/telemetry';
import type { Database, Statement } from '../database.ts';
import type { Mailer } from './mailer.ts';

interface TradeRow {
  username: string;
  email: string;
  user_id: string;
  character_id: string;
  name: string;
  action: 'buy' | 'sell';
  quantity: number;
  price: number;
  amount: number;
  commission: number;
  executed_at: Date;
}

const selectTrade: Statement = {
  name: 'select_trade_for_confirmation',
  operation: 'select',
  table: 'trades',
  text: `SELECT u.username, u.email, t.user_id, t.character_id, c.name, t.action, t.quantity, t.price, t.amount,
           t.commission, t.executed_at
         FROM trades t JOIN users u ON u.id = t.user_id JOIN characters c ON c.id = t.character_id
         WHERE t.id = $1`,
};

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

export interface ConfirmationDependencies {
  database: Database;
  mailer: Mailer;
  telemetry: Pick<Telemetry, 'span'>;
}

/**
 * Mails a customer that their trade was executed: once, however often it is called. Who calls claims the mail first;
 * two at a time: one sends, the other fails and finds it sent when it tries again. Should the process die between the
 * server's taking the mail and our noting it, the next attempt carries the same Message-ID.
 */
export async function confirmTrade(
  { database, mailer, telemetry }: ConfirmationDependencies,
  tradeId: string,
): Promise<void> {
  const [trade] = await database.query<TradeRow>(selectTrade, [tradeId]);
  if (!trade) throw new Error(`There is no trade ${tradeId}`);
  const id = `trade-confirmation-${tradeId}@crows-nest.example`;
  const attributes = {
    'trade.id': tradeId,
    'user.id': trade.user_id,
    'character.id': trade.character_id,
    'messaging.message.id': id,
  };

  await telemetry.span('notification.send', attributes, async (span) => {
    const [claimed] = await database.query<{ message_id: string }>(claimNotification, [id]);
    if (!claimed) {
      const [known] = await database.query<{ sent_at: Date | null }>(selectSent, [id]);
      if (!known?.sent_at) throw new Error(`Mail ${id} is being sent by another attempt`);
      span.setAttribute('notification.sent_before', true);
      return;
    }
    try {
      await mailer.send({ id, to: trade.email, ...wordsFor(trade, tradeId) });
    } catch (error) {
      await database.query(releaseClaim, [id]);
      throw error;
    }
    await database.query(markSent, [id]);
  });
}

function wordsFor(trade: TradeRow, tradeId: string): { subject: string; text: string } {
  const {
    username,
    name,
    action,
    quantity,
    price,
    amount,
    commission,
    executed_at: executedAt,
  } = trade;
  const done = action === 'buy' ? 'bought' : 'sold';
  return {
    subject: `You ${done} ${quantity} × ${name}`,
    text: [
      `Ahoy ${username},`,
      '',
      `you ${done} ${quantity} shares of ${name} at ${berries(price)} each: ${berries(amount)}, and ${berries(commission)} commission.`,
      '',
      `Trade ${tradeId}, ${executedAt.toISOString()}`,
      '',
      "Crow's Nest",
    ].join('\n'),
  };
}

function berries(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')} berries`;
}
