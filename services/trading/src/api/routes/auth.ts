import { Router } from 'express';
import { z } from 'zod';
import { USERNAME_PATTERN, type Auth } from '../../auth/auth.ts';
import type { Authenticated } from '../authenticated.ts';
import { bodyOf, EXPECTED_OBJECT, jsonBody } from '../json-body.ts';
import { methodNotAllowed } from '../problems.ts';

// A lone surrogate becomes U+FFFD when it is hashed, so that two different passwords would be one.
const password = z
  .string({ error: 'expected a password as text' })
  .min(8, { error: 'expected at least 8 characters' })
  .max(200, { error: 'expected at most 200 characters' })
  .refine((value) => value.isWellFormed(), { error: 'expected well-formed Unicode' });

export const registrationSchema = z.strictObject(
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
export const loginSchema = z.strictObject(
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

export function authRoutes(auth: Auth, authenticated: Authenticated): Router {
  const router = Router();

  router
    .route('/auth/register')
    .post(jsonBody, async (request, response) => {
      const registration = bodyOf(registrationSchema, request);
      response.status(201).json(await auth.register(registration));
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/auth/login')
    .post(jsonBody, async (request, response) => {
      const login = bodyOf(loginSchema, request);
      response.json(await auth.login({ ...login, address: request.ip ?? 'unknown' }));
    })
    .all(methodNotAllowed('POST'));

  router
    .route('/auth/logout')
    .post(
      authenticated(async (_request, response, session) => {
        await auth.logout(session);
        response.status(204).end();
      }),
    )
    .all(methodNotAllowed('POST'));

  router
    .route('/auth/me')
    .get(
      authenticated((_request, response, session) => {
        response.json({ user: session.user });
        return Promise.resolve();
      }),
    )
    .all(methodNotAllowed('GET', 'HEAD'));

  return router;
}
