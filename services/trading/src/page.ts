/** Which page of a list is asked for: newest first, by id. */
export interface PageRequest {
  /** Only what is older than this id; without it the newest. */
  before?: number | undefined;
  /** 1 to 100. */
  limit: number;
}

export interface Page<Item> {
  items: Item[];
  /** The `before` of the next page; null when there is none. */
  next: string | null;
}

/**
 * Cuts a page. A page goes on from an id (a keyset), so it costs the same however far back it is, and nothing is shown twice or left
 * out while new things come.
 *
 * @param read gives up to `limit` items of ids below `before`, newest first
 */
export async function pageOf<Item extends { id: string }>(
  { before = Number.MAX_SAFE_INTEGER, limit }: PageRequest,
  read: (before: number, limit: number) => Promise<Item[]>,
): Promise<Page<Item>> {
  // One more than asked for tells whether there is a next page.
  const found = await read(before, limit + 1);
  const items = found.slice(0, limit);
  return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
}
