import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { readConfig } from './config.ts';

const secret = path.join(mkdtempSync(path.join(tmpdir(), 'config-')), 'secret');
writeFileSync(secret, 'from a file\n');
const merchant = {
  GATEWAY_KEY_FILE: secret,
  GATEWAY_WEBHOOK_SECRET_FILE: secret,
  GATEWAY_WEBHOOK_URL: 'http://web:3000/webhooks/payments',
};

describe('the configuration', () => {
  it('has a default for everything, and takes an empty value for none', () => {
    expect(readConfig({ LOG_DIRECTORY: '', RUNBOOKS_DIRECTORY: '' })).toMatchObject({
      port: 8025,
      smtpPort: 1025,
      logDirectory: undefined,
      runbooksDirectory: undefined,
      heartbeatLimitSeconds: 210,
      faults: false,
      merchant: undefined,
      heartbeatFirstLimitSeconds: 300,
    });
  });

  it('names every variable that is wrong, and what it is', () => {
    const read = () => readConfig({ PORT: '99999', LOG_LEVEL: 'loud', FAULTS: 'yes' });
    expect(read).toThrow(/PORT: .*"99999"/);
    expect(read).toThrow(/LOG_LEVEL: .*"loud"/);
    expect(read).toThrow(/FAULTS: expected on or off; it is "yes"/);
  });

  it('has faults where it is said', () => {
    expect(readConfig({ FAULTS: 'on' }).faults).toBe(true);
    expect(() => readConfig({ FAULTS: 'on', BIND_ADDRESS: '0.0.0.0' })).toThrow(
      /FAULTS: expected off/,
    );
    for (const FAULTS of ['', 'off']) expect(readConfig({ FAULTS }).faults).toBe(false);
  });

  it("has the card gateway's merchant whole or not at all", () => {
    expect(readConfig(merchant).merchant).toEqual({
      key: 'from a file',
      webhookSecret: 'from a file',
      webhookUrl: 'http://web:3000/webhooks/payments',
    });
    expect(() => readConfig({ ...merchant, GATEWAY_KEY_FILE: '' })).toThrow(
      /needs GATEWAY_KEY_FILE/,
    );
    expect(() => readConfig({ ...merchant, GATEWAY_KEY_FILE: '/nowhere' })).toThrow(
      /GATEWAY_KEY_FILE: expected a readable file.*"\/nowhere"/,
    );
  });
});
