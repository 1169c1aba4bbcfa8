import { describe, expect, test } from 'vitest';
import { probeIn } from './probes.ts';

describe('a probe is seen', () => {
  test.each([
    '/../../etc/passwd',
    '/api/characters/../../secret',
    '/api/..\\..\\windows',
    '/static/%2e%2e/%2e%2e/secret',
    '/%2E%2E%2fsecret',
    '/a/%252e%252e/b',
    '/..',
    '/download?file=../../.ssh/id_rsa',
    '/download?file=%2e%2e%2fsecret&x=1',
    '/etc/passwd',
    '/download?file=/etc/passwd',
    '/download?file=etc/shadow',
    '/.env',
    '/app/.env.production',
    '/?file=.env',
  ])('of files: %s', (url) => {
    expect(probeIn(url)).toBe('directory_traversal');
  });

  test.each([
    '/api/characters?q=1 union select password_hash from users',
    '/api/characters?q=1+UNION+ALL+SELECT+1,2',
    '/api/characters?q=1%20union%20select%201',
    '/api/characters?q=1/**/union/**/select/**/1',
    "/api/characters/x' or 1=1--",
    '/api/characters/x%27%20OR%201%3D1',
    "/login?user=admin'+or+'a'='a",
    '/login?user=") or "1"="1',
    "/x?id=1' and 1 = 1",
  ])('of SQL: %s', (url) => {
    expect(probeIn(url)).toBe('sql_injection_probe');
  });
});

describe('a harmless look-alike is none', () => {
  test.each([
    '/api/characters/sable-nine/research',
    '/api/statements/2026-11-21',
    '/api/trades?before=12&limit=50',
    '/docs/swagger-ui.css',
    '/a..b/c...d',
    '/.well-known/security.txt',
    '/environment',
    '/api/.environment',
    '/etc/passwords-and-how-to-keep-them',
    '/search?q=trade+unions+select+a+new+head',
    "/search?q=o'brien+or+more",
    "/search?q=rock'n'roll",
    '/search?q=a=1 or b=2',
    '/search?q=%',
    '/search?q=100%25',
  ])('%s', (url) => {
    expect(probeIn(url)).toBeUndefined();
  });
});

test('only the front of a URL is looked at, so that a long and nasty one costs little', () => {
  expect(probeIn(`/${'a'.repeat(2000)}/../`)).toBe('directory_traversal');
  expect(probeIn(`/${'a'.repeat(3000)}/../`)).toBeUndefined();
  for (const nasty of ["'".repeat(1_000_000), 'union '.repeat(200_000), '%25'.repeat(500_000)]) {
    expect(probeIn(`/${nasty}`)).toBeUndefined();
  }
});
