/**
 * A trade that the ledger knows nothing of: `net` shares bought, or sold when it is below 0. What is sold must have been bought
 * so.
 */
export async function insertTrade(
  database: { sql(text: string, values: unknown[]): Promise<unknown> },
  trade: { userId: string; characterId: string; net: number; secondsAgo: number },
): Promise<void> {
  const { userId, characterId, net, secondsAgo } = trade;
  await database.sql(
    `INSERT INTO trades (user_id, character_id, action, quantity, price, amount, commission, transfer_id, executed_at,
       realised_profit)
     VALUES ($1, $2, $3, $4, 1, $4, 1, post_transfer('trade', '{}', '{}'),
       clock_timestamp() - $5::double precision * interval '1 second', 0)`,
    [userId, characterId, net > 0 ? 'buy' : 'sell', Math.abs(net), secondsAgo],
  );
}
