import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runInContext } from '../context.ts';
import { createTelemetry } from '../telemetry.ts';
import { openAudit, writeAudit } from '../testing/audit.ts';
import { readLines, temporaryDirectory } from '../testing/lines.ts';
import { verifyDirectory } from './verify.ts';

const NAME = 'api-one.audit.log';

test('writes the usual fields, the event, and the chain, redacted', async () => {
  await using directory = await temporaryDirectory();
  const telemetry = createTelemetry({
    service: 'api',
    version: '1.2.3',
    environment: 'test',
    instance: 'one',
    logLevel: 'error',
    logDirectory: directory.path,
  });
  runInContext({ requestId: 'r', correlationId: 'c', userId: 'u-1' }, () => {
    telemetry.audit({
      action: 'auth.login',
      outcome: 'success',
      actor: 'u-1',
      address: '203.0.113.1',
    });
  });
  telemetry.audit({
    action: 'auth.login',
    outcome: 'failure',
    actor: 'nami@sunny.test',
    reason: 'password=hunter2',
  });
  await telemetry.close();

  const text = await readFile(join(directory.path, NAME), 'utf8');
  const lines = await readLines(join(directory.path, NAME));
  expect(Object.keys(lines[0] ?? {}).join(' ')).toBe(
    'timestamp level message service version environment instance event_id requestId correlationId userId ' +
      'stream action outcome actor address sequence previous hash',
  );
  expect(lines).toMatchObject([
    {
      level: 'info',
      message: 'auth.login success',
      requestId: 'r',
      stream: 'audit',
      action: 'auth.login',
      outcome: 'success',
      actor: 'u-1',
      address: '203.0.113.1',
      sequence: 1,
      previous: '0'.repeat(64),
    },
    { actor: '[REDACTED]', sequence: 2, previous: lines[0]?.['hash'] },
  ]);
  expect(text).not.toMatch(/nami@|hunter2/);
  // As a stranger would check it.
  for (const line of text.trim().split('\n')) {
    const [, content = '', hash] = /^(.*),"hash":"(.*)"\}$/.exec(line) ?? [];
    expect(createHash('sha256').update(`${content}}`).digest('hex')).toBe(hash);
  }
});

test('goes on where it was, after restarts and over rotation', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, NAME);
  // 16 kB a line: 38 MB in all, of which 25 MB are kept.
  for (let start = 0; start < 6; start += 1) {
    await writeAudit(path, 400, { reason: 'x'.repeat(16_000) });
  }
  expect(await readdir(directory.path)).toHaveLength(5);
  const [verdict] = await verifyDirectory(directory.path);
  expect(verdict).toMatchObject({ wrong: [], torn: [], last: { sequence: 2_400 } });
  expect(verdict?.lines).toBeGreaterThan(1_000);
});

test('goes on after a process that was killed, wherever its last line broke off', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, NAME);
  await writeAudit(path, 3);
  const whole = await readFile(path);
  const secondEnds = whole.lastIndexOf('\n', whole.length - 2) + 1;
  for (let cut = secondEnds + 1; cut < whole.length; cut += 1) {
    await writeFile(path, whole.subarray(0, cut));
    await writeAudit(path, 1);
    const [verdict] = await verifyDirectory(directory.path);
    // Without its line end only, the third is whole and counts.
    const third = cut === whole.length - 1;
    expect(verdict, `cut at ${cut}`).toMatchObject({
      wrong: [],
      torn: third ? [] : [{ file: NAME, line: 3 }],
      last: { sequence: third ? 4 : 3 },
    });
  }
});

test('goes on from the file before, when the new one holds nothing whole', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, NAME);
  await writeAudit(`${path}.1`, 3);
  await writeFile(path, '{"timestamp":');
  await writeAudit(path, 1);
  expect(await verifyDirectory(directory.path)).toMatchObject([
    { wrong: [], torn: [{ file: NAME, line: 1 }], last: { sequence: 4 } },
  ]);
});

test('never waits for a file that cannot be had; what is dropped is counted, and is a gap', async () => {
  await using directory = await temporaryDirectory();
  const logs = join(directory.path, 'logs');
  await writeFile(logs, 'a file in the way');
  const { audit, dropped, close } = openAudit(join(logs, NAME));
  for (let number = 0; number < 1_000; number += 1) audit({ reason: 'x'.repeat(16_000) });
  expect(dropped()).toBeGreaterThan(400);
  await rm(logs);
  // Tried again each second.
  await expect.poll(() => readdir(logs).catch(() => []), { timeout: 10_000 }).toContain(NAME);
  audit();
  await close();
  const [verdict] = await verifyDirectory(logs);
  expect(verdict).toMatchObject({ lines: 1_001 - dropped(), last: { sequence: 1_001 } });
  const { what } = verdict?.wrong.at(-1) ?? {};
  expect(what).toMatch(/^\d+ to 1000 are missing before sequence 1001$/);
});

test('counts what is dropped under its own target', async () => {
  await using directory = await temporaryDirectory();
  const logs = join(directory.path, 'logs');
  await writeFile(logs, 'a file in the way');
  const telemetry = createTelemetry({
    service: 'api',
    version: '1.2.3',
    environment: 'test',
    logLevel: 'error',
    logDirectory: logs,
  });
  telemetry.audit({ action: 'auth.login', outcome: 'success' });
  await telemetry.close();
  expect(await telemetry.registry.metrics()).toContain(
    'telemetry_log_lines_dropped_total{target="audit"} 1',
  );
});
