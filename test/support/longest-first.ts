import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/** Folders whose files wait for real programs and real seconds, longest first. */
const slow = ['chaos', 'flow', 'contract', 'telegram', 'discord'];

/** Starts files of slow folders first, and of each folder the big ones: no long file is left for the end, alone. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const byTime = await super.sort(files);
    return byTime.toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

function rankOf({ moduleId }: TestSpecification): number {
  const folder = /\/test\/(\w+)\//.exec(moduleId)?.[1] ?? '';
  const at = slow.indexOf(folder);
  return at < 0 ? slow.length : at;
}
