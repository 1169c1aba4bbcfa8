import type { Session } from '../auth/sessions.ts';
import type { Database, Statement } from '../database.ts';
import type { ApiMetrics } from '../metrics/roles.ts';
import { Problem } from '../problem.ts';

/** What the house thinks of a character. */
export interface ResearchNote {
  characterId: string;
  title: string;
  body: string;
  /** `private`: for subscribers to the real-time plan. */
  access: 'public' | 'private';
  /** ISO 8601. */
  publishedAt: string;
}

export interface Research {
  /** @throws {Problem} 404 when there is no such character, 403 when the note is for subscribers only */
  note(characterId: string, session: Session): Promise<ResearchNote>;
}

interface NoteRow {
  character_id: string;
  title: string;
  body: string;
  access: 'public' | 'private';
  published_at: Date;
}

const selectNote: Statement = {
  name: 'select_research',
  operation: 'select',
  table: 'research',
  text: 'SELECT character_id, title, body, access, published_at FROM research WHERE character_id = $1',
};

export interface ResearchDependencies {
  database: Database;
  metrics: Pick<ApiMetrics, 'contentAccess'>;
}

export function createResearch({ database, metrics }: ResearchDependencies): Research {
  return {
    async note(characterId, session) {
      const [row] = await database.query<NoteRow>(selectNote, [characterId]);
      if (!row) throw unknownCharacter(characterId);
      const { title, body, access } = row;
      if (access === 'private' && !session.user.realtime) throw subscriptionRequired(title);
      metrics.contentAccess.inc({ type: access, character: characterId });
      return { characterId, title, body, access, publishedAt: row.published_at.toISOString() };
    },
  };
}

function unknownCharacter(characterId: string): Problem {
  return new Problem({
    status: 404,
    code: 'unknown-character',
    title: 'Unknown character',
    detail: `No character has the id "${characterId}". GET /api/characters lists them.`,
  });
}

function subscriptionRequired(title: string): Problem {
  return new Problem({
    status: 403,
    code: 'subscription-required',
    title: 'Subscription required',
    detail: `"${title}" is for subscribers to the real-time plan. Subscribe with POST /api/subscription, then ask again.`,
  });
}
