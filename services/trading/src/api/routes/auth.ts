import { z } from 'zod';
import type { Auth } from '../../auth/auth.ts';
import { USERNAME_PATTERN } from '../../auth/credentials.ts';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { EXPECTED_OBJECT } from '../input.ts';

// A lone surrogate becomes U+FFFD when it is hashed, so that two different passwords would be one.
const password = z
  .string({ error: 'expected a password as text' })
  .min(8, { error: 'expected at least 8 characters' })
  .max(200, { error: 'expected at most 200 characters' })
  .refine((value) => value.isWellFormed(), { error: 'expected well-formed Unicode' });

const registration = z.strictObject(
  {
    username: z
      .string({ error: 'expected a username as text' })
      .regex(USERNAME_PATTERN, { error: 'expected 3 to 32 letters, digits, "_" or "-"' }),
    email: z
      .email({ error: 'expected an e-mail address' })
      .max(254, { error: 'expected at most 254 characters' }),
    password,
  },
  { error: EXPECTED_OBJECT },
);

/** Looser than registration: what cannot be right is refused as wrong credentials, not explained. */
const login = z.strictObject(
  {
    username: z
      .string({ error: 'expected a username as text' })
      .min(1, { error: 'expected a username' })
      .max(254, { error: 'expected at most 254 characters' }),
    password: z
      .string({ error: 'expected a password as text' })
      .min(1, { error: 'expected a password' })
      .max(200, { error: 'expected at most 200 characters' }),
  },
  { error: EXPECTED_OBJECT },
);

const userSchema = z.object({
  id: z.uuid(),
  username: z.string(),
  email: z.string(),
  realtime: z.boolean().describe('Sees quotes as they are, and not 5 s late'),
});
const openedSchema = z.object({
  user: userSchema,
  token: z.string().describe('Send it as "Authorization: Bearer <token>"'),
});

/** Customers and their sessions. */
export function authEndpoints(auth: Auth): Endpoint[] {
  return [
    endpoint(
      {
        method: 'post',
        path: '/auth/register',
        operationId: 'register',
        tag: 'Customers',
        summary: 'Become a customer, with a starting credit',
        body: registration,
        answers: { 201: { description: 'Registered and logged in', schema: openedSchema } },
        problems: { 409: 'The username or the address is taken' },
      },
      async ({ body, request }) => ({
        status: 201,
        json: await auth.register({ ...body, address: request.ip ?? 'unknown' }),
      }),
    ),
    endpoint(
      {
        method: 'post',
        path: '/auth/login',
        operationId: 'login',
        tag: 'Customers',
        summary: 'Open a session',
        body: login,
        answers: { 200: { description: 'Logged in', schema: openedSchema } },
        problems: {
          401: 'The username or the password is wrong',
          429: 'The account is locked, or too many logins failed from this address: Retry-After says for how long',
        },
      },
      async ({ body, request }) => ({
        status: 200,
        json: await auth.login({ ...body, address: request.ip ?? 'unknown' }),
      }),
    ),
    endpoint(
      {
        method: 'post',
        path: '/auth/logout',
        operationId: 'logout',
        tag: 'Customers',
        summary: 'Close the session',
        session: true,
        answers: { 204: { description: 'Closed' } },
      },
      async ({ session, request }) => {
        await auth.logout(session, request.ip ?? 'unknown');
        return { status: 204 };
      },
    ),
    endpoint(
      {
        method: 'get',
        path: '/auth/me',
        operationId: 'getMe',
        tag: 'Customers',
        summary: 'Whose token this is',
        session: true,
        answers: {
          200: { description: 'The customer', schema: z.object({ user: userSchema }) },
        },
      },
      ({ session }) => Promise.resolve({ status: 200, json: { user: session.user } }),
    ),
  ];
}
