// What k6 gives every script beside its modules and @types/k6 does not declare.

declare const console: Record<'log' | 'warn' | 'error', (message: string) => void>;
declare const crypto: { randomUUID(): string };
