import type { Queryable, Statement } from '../database.ts';
import { enqueue } from '../jobs/outbox.ts';
import { PAYMENT_COLUMNS, type Payment, type PaymentRow } from './payment.ts';

// A withdrawal's money moves out of the customer's reach with it: the trigger payments_move_money.
const insertPayment: Statement = {
  name: 'insert_payment',
  operation: 'insert',
  table: 'payments',
  text: `INSERT INTO payments (user_id, kind, amount, card) VALUES ($1, $2, $3, $4) RETURNING ${PAYMENT_COLUMNS}`,
};

/**
 * Notes a payment as pending, with the job that has the gateway carry it out, in the transaction of `connection`, which holds
 * the customer's lock.
 */
export async function askForPayment(
  connection: Queryable,
  { userId, kind, amount, card }: Pick<Payment, 'userId' | 'kind' | 'amount' | 'card'>,
): Promise<PaymentRow> {
  const [row] = await connection.query<PaymentRow>(insertPayment, [userId, kind, amount, card]);
  if (!row) throw new Error('insert_payment gave no row');
  await enqueue(connection, 'payment-charge', { paymentId: String(row.id) });
  return row;
}
