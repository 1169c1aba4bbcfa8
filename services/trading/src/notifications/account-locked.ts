import type { Statement } from '../database.ts';
import { sendOnce, type NotificationDependencies } from './once.ts';

const selectOwner: Statement = {
  name: 'select_owner_of_locked_account',
  operation: 'select',
  table: 'users',
  text: 'SELECT username, email, erased_at FROM users WHERE id = $1',
};

/** Mails a customer that their account was locked: once for each lock, however often it is called. */
export async function tellOfLock(
  dependencies: NotificationDependencies,
  { userId, lockId }: { userId: string; lockId: string },
): Promise<void> {
  const [owner] = await dependencies.database.query<{
    username: string;
    email: string;
    erased_at: Date | null;
  }>(selectOwner, [userId]);
  if (!owner) throw new Error(`There is no user ${userId}`);
  if (owner.erased_at) return;
  const mail = {
    id: `account-locked-${lockId}@crows-nest.example`,
    to: owner.email,
    subject: 'Your account is locked for 15 minutes',
    text: [
      `Ahoy ${owner.username},`,
      '',
      'ten logins to your account failed in a short time, so nobody can log in to it for 15 minutes.',
      'Then it opens by itself. Sessions that are open go on.',
      '',
      'If that was you: wait, and look for the password in the meantime.',
      'If it was not: whoever tried has not got in.',
      '',
      "Crow's Nest",
    ].join('\n'),
  };
  await sendOnce(dependencies, mail, { 'user.id': userId, 'lock.id': lockId });
}
