import type { NewMessage } from '../inbox/message.ts';

/** An HTTP answer in the form that the imitated service gives. */
export interface Answer {
  status: number;
  contentType: string;
  body: string;
}

/** What a receiver made of one request: nothing of a refused one is kept, and `reason` says what was wrong with it. */
export type Received =
  | { outcome: 'accepted'; message: NewMessage; answer: Answer }
  | { outcome: 'refused'; reason: string; answer: Answer };

/** What a receiver looks at. */
export interface Incoming {
  path: string;
  contentType: string;
  authorization: string;
  body: string;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
