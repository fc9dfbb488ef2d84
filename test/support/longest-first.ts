import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/** Folders whose files take long, longest first. */
const slow = ['chaos', 'flow', 'telegram', 'discord'];
/** Its files wait for real seconds of a stream, nearly all the time. */
const waiting = 'contract';
/** One that waits stands behind each so many of those that work. */
const share = 2;

/**
 * Starts files of slow folders first, and of each folder the big ones: no long file is left for the end, alone. Those
 * that wait stand between those that work, so that the processors are never without any.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const byTime = await super.sort(files);
    const idle = byTime.filter((file) => folderOf(file) === waiting);
    const busy = byTime.filter((file) => folderOf(file) !== waiting).toSorted((a, b) => rankOf(a) - rankOf(b));
    const mixed = busy.flatMap((file, at) => ((at + 1) % share === 0 ? [file, ...idle.splice(0, 1)] : [file]));
    return [...mixed, ...idle];
  }
}

const folderOf = ({ moduleId }: TestSpecification) => /\/test\/(\w+)\//.exec(moduleId)?.[1] ?? '';

function rankOf(file: TestSpecification): number {
  const at = slow.indexOf(folderOf(file));
  return at < 0 ? slow.length : at;
}
