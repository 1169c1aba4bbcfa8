import type { Statement } from '../database.ts';
import { sendOnce, type NotificationDependencies } from './once.ts';

interface TradeRow {
  username: string;
  email: string;
  /** Who was erased meanwhile has no address any more. */
  erased_at: Date | null;
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
  text: `SELECT u.username, u.email, u.erased_at, t.user_id, t.character_id, c.name, t.action, t.quantity, t.price, t.amount,
           t.commission, t.executed_at
         FROM trades t JOIN users u ON u.id = t.user_id JOIN characters c ON c.id = t.character_id
         WHERE t.id = $1`,
};

/** Mails a customer that their trade was executed: once, however often it is called. */
export async function confirmTrade(
  dependencies: NotificationDependencies,
  tradeId: string,
): Promise<void> {
  const [trade] = await dependencies.database.query<TradeRow>(selectTrade, [tradeId]);
  if (!trade) throw new Error(`There is no trade ${tradeId}`);
  if (trade.erased_at) return;
  const id = `trade-confirmation-${tradeId}@crows-nest.example`;
  await sendOnce(
    dependencies,
    { id, to: trade.email, ...wordsFor(trade, tradeId) },
    { 'trade.id': tradeId, 'user.id': trade.user_id, 'character.id': trade.character_id },
  );
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
