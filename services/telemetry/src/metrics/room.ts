/**
 * Room for so many label sets, so that what comes from data does not grow the registry without end.
 *
 * @returns whether a label set, by its key, is one of the first `limit` that came
 */
export function room(limit: number): (key: string) => boolean {
  const known = new Set<string>();
  return (key) => {
    if (!known.has(key) && known.size < limit) known.add(key);
    return known.has(key);
  };
}
