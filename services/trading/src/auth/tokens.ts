import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits in base64url: 43 characters that mean nothing. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What a token looks like; anything else need not be looked up. */
export const TOKEN_PATTERN = /^[A-Za-z0-9_-]{43}$/;

/** SHA-256 of a token. A slow hash would add nothing: 256 random bits cannot be guessed. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
