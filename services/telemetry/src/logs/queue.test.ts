import { expect, test, vi } from 'vitest';
import { LineQueue, type LineSink } from './queue.ts';

/** With its line end. */
const MEGABYTE = 'x'.repeat(1024 * 1024 - 1);

function collecting(): LineSink & { text: string; closed: boolean } {
  return {
    text: '',
    closed: false,
    write(lines) {
      this.text += lines.toString();
      return Promise.resolve();
    },
    writeNow(lines) {
      this.text += lines.toString();
    },
    close() {
      this.closed = true;
      return Promise.resolve();
    },
  };
}

const counter = () => {
  const dropped = { lines: 0, add: (lines: number) => (dropped.lines += lines) };
  return dropped;
};

test('writes every line in order and closes the sink', async () => {
  const sink = collecting();
  const dropped = counter();
  const queue = new LineQueue(sink, dropped.add);
  const lines = Array.from({ length: 10_000 }, (_, number) => `line ${number}`);
  for (const line of lines) queue.push(line);
  await queue.close(1_000);
  expect(sink.text).toBe(`${lines.join('\n')}\n`);
  expect(sink.closed).toBe(true);
  expect(dropped.lines).toBe(0);
});

test('writes lines of any length and script as they are, while further ones come', async () => {
  const sink = collecting();
  const dropped = counter();
  const write = sink.write.bind(sink);
  // What a batch holds is written before it is filled again.
  sink.write = async (lines) => {
    await new Promise(setImmediate);
    await write(lines);
  };
  const queue = new LineQueue(sink, dropped.add, { gather: 0 });
  const lines: string[] = [];
  for (let number = 0; number < 300; number += 1) {
    lines.push(`${number} ${'ツバメ 🦜 '.repeat((number * 37) % 5_000)}`);
    queue.push(lines.at(-1) ?? '');
    if (number % 7 === 0) await new Promise(setImmediate);
  }
  await queue.close(1_000);
  expect(sink.text === `${lines.join('\n')}\n`).toBe(true);
  expect(dropped.lines).toBe(0);
});

test('never waits for a sink that hangs: holds a bounded number of lines and counts the others', async () => {
  const dropped = counter();
  const never = () => new Promise<void>(() => undefined);
  const hanging: LineSink = { ...collecting(), write: never, close: never };
  const queue = new LineQueue(hanging, dropped.add);
  for (let number = 0; number < 100; number += 1) queue.push(MEGABYTE);
  expect(dropped.lines).toBe(92);
  await queue.close(10);
  expect(dropped.lines).toBe(100);
  queue.push('too late');
  expect(dropped.lines).toBe(101);
});

test('tries again when a write fails, and loses nothing', async () => {
  const sink = collecting();
  const dropped = counter();
  const write = sink.write.bind(sink);
  let failures = 1;
  sink.write = (lines) => (failures-- > 0 ? Promise.reject(new Error('ENOSPC')) : write(lines));
  const queue = new LineQueue(sink, dropped.add, { pause: 1 });
  queue.push('kept');
  await queue.close(1_000);
  expect(sink.text).toBe('kept\n');
  expect(dropped.lines).toBe(0);
});

test('stays bounded with a sink that always fails', async () => {
  const dropped = counter();
  let asked = 0;
  const failing: LineSink = {
    ...collecting(),
    write: () => {
      asked += 1;
      return Promise.reject(new Error('ENOSPC'));
    },
  };
  const queue = new LineQueue(failing, dropped.add, { pause: 1, gather: 0 });
  queue.push(MEGABYTE);
  await vi.waitUntil(() => asked > 0);
  for (let number = 1; number < 100; number += 1) queue.push(MEGABYTE);
  await vi.waitUntil(() => asked > 10);
  // Those that came first are kept: one is under way, eight wait.
  expect(dropped.lines).toBe(91);
  await queue.close(10);
  expect(dropped.lines).toBe(100);
});

test('writes what is under way and what waits when the process exits', async () => {
  const sink = collecting();
  let asked = 0;
  sink.write = () => {
    asked += 1;
    return new Promise(() => undefined);
  };
  const queue = new LineQueue(sink, () => undefined, { gather: 0 });
  const onExit = process.listeners('exit').at(-1) as () => void;
  queue.push('under way');
  await vi.waitUntil(() => asked > 0);
  queue.push('last words');
  onExit();
  expect(sink.text).toBe('under way\nlast words\n');
  void queue.close(1);
});

test('gathers lines for as long as it is told, but not at the end', async () => {
  const sink = collecting();
  const dropped = counter();
  const queue = new LineQueue(sink, dropped.add, { gather: 3_600_000 });
  queue.push('one');
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  queue.push('two');
  expect(sink.text).toBe('');
  await queue.close(1_000);
  expect(sink.text).toBe('one\ntwo\n');
  expect(dropped.lines).toBe(0);
});
