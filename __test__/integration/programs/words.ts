// AssemblyScript: counts words, and sieves primes. Compiled by the test, with its memory imported.

class Count {
  constructor(
    public word: string,
    public times: i32,
  ) {}
}

/** The words of a text, the most frequent first, as lines of "word times". */
export function count(text: string): string {
  const times = new Map<string, i32>();
  const words = text.split(" ");
  for (let i = 0; i < words.length; i++) {
    const word = words[i].toUpperCase();
    times.set(word, times.has(word) ? times.get(word) + 1 : 1);
  }
  const counts = new Array<Count>();
  const keys = times.keys();
  for (let i = 0; i < keys.length; i++) counts.push(new Count(keys[i], times.get(keys[i])));
  counts.sort((a, b) => (a.times === b.times ? (a.word < b.word ? -1 : 1) : b.times - a.times));
  return counts.map<string>((c) => c.word + " " + c.times.toString()).join("\n");
}

/** The primes below a limit. */
export function primes(limit: i32): Int32Array {
  const isComposite = new Uint8Array(limit);
  const found = new Array<i32>();
  for (let n = 2; n < limit; n++) {
    if (isComposite[n]) continue;
    found.push(n);
    for (let multiple = i64(n) * n; multiple < limit; multiple += n) isComposite[i32(multiple)] = 1;
  }
  const result = new Int32Array(found.length);
  for (let i = 0; i < found.length; i++) result[i] = found[i];
  return result;
}
