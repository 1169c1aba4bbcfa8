import { describe, expect, it } from 'vitest';

import { readConfig } from './config.ts';

describe('the configuration', () => {
  it('has a default for everything, and takes an empty value for none', () => {
    expect(readConfig({ LOG_DIRECTORY: '', RUNBOOKS_DIRECTORY: '' })).toMatchObject({
      port: 8025,
      smtpPort: 1025,
      logDirectory: undefined,
      runbooksDirectory: undefined,
      heartbeatLimitSeconds: 180,
      heartbeatFirstLimitSeconds: 300,
    });
  });

  it('names every variable that is wrong, and what it is', () => {
    const read = () => readConfig({ PORT: '99999', LOG_LEVEL: 'loud' });
    expect(read).toThrow(/PORT: .*"99999"/);
    expect(read).toThrow(/LOG_LEVEL: .*"loud"/);
  });
});
