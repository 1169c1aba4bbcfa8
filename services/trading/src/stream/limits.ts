/** What bounds the streams of one process. */
export const LIMITS = {
  connections: 1000,
  connectionsPerCustomer: 10,
  /** Of one message of a client. */
  messageBytes: 4096,
  messagesPerSecond: 20,
  /** From connecting to being authenticated. */
  authenticateMs: 5000,
  /** Unread by the client: over this, rounds of quotes are left out (some ten of them fit). */
  quotesBytes: 16_384,
  /** How long a client may be behind by that much. */
  behindMs: 10_000,
  /** Unread by the client, of whatever kind: over this it is dropped at once. All together never hold much more than 64 MB. */
  bufferedBytes: 65_536,
  /** Between looks for quotes beside those that are pushed. */
  showMs: 1000,
  /** Between pings; who has not answered one by the next is dropped. */
  pingMs: 30_000,
  /** Between looks at whether the sessions are still open. */
  sessionsMs: 30_000,
  /** How long a client has to answer our closing before its connection is cut. */
  closeMs: 2000,
};

export type Limits = typeof LIMITS;
