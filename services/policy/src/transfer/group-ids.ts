const maxLength = 63;
const suffixLength = 8;

export interface Source {
  readonly sourceId: string;
  readonly name: string;
}

/** Ids for groups: made of their names, and of the end of their source ids too where two names come to the same. */
export function groupIds(sources: readonly Source[]): string[] {
  const wanted = sources.map(({ name }) => idOf(name));
  const counts = new Map<string, number>();
  for (const id of wanted) counts.set(id, (counts.get(id) ?? 0) + 1);
  const taken = new Set<string>();
  /** By name and end: the number after that of the last one, where many come to the same. */
  const next = new Map<string, number>();
  return wanted.map((id, i) => {
    const suffix = idPart(sources[i]?.sourceId ?? '').slice(-suffixLength);
    const key = `${id} ${suffix}`;
    let unique = (counts.get(id) ?? 0) > 1 ? withSuffix(id, suffix) : id;
    let n = next.get(key) ?? 2;
    for (; taken.has(unique); n += 1) unique = withSuffix(id, `${suffix}-${n}`);
    next.set(key, n);
    taken.add(unique);
    return unique;
  });
}

function idOf(name: string): string {
  const part = idPart(name);
  return (/^[a-z]/.test(part) ? part : `sg-${part}`).slice(0, maxLength).replace(/-+$/, '');
}

function idPart(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
}

function withSuffix(id: string, suffix: string): string {
  return `${id.slice(0, maxLength - suffix.length - 1)}-${suffix}`;
}
