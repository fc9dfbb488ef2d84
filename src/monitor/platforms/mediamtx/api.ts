import { z } from 'zod';
import { TemporaryError, UserError } from '../../../core/errors.ts';
import { fetchText, HttpStatusError } from '../../../lib/net.ts';
import { parseJson } from '../../../media/probe.ts';

export type Asking = { allowPrivate: boolean; signal: AbortSignal };

/** A server that is slower holds up the others of its batch for no longer. */
const answerMs = 5_000;
const perPage = 500;
const mostPages = 40;

/** `online`: since 2026 what `ready` was. Source of all: https://github.com/bluenviron/mediamtx/blob/main/api/openapi.yaml */
const path = z.object({
  name: z.string().min(1),
  online: z.boolean().optional(),
  ready: z.boolean().optional(),
  onlineTime: z.string().nullish(),
  readyTime: z.string().nullish(),
});
const pathPage = z.object({ pageCount: z.number(), itemCount: z.number().optional(), items: z.array(path).nullable() });

const ways = z.object({
  rtsp: z.boolean(),
  rtspAddress: z.string(),
  rtspEncryption: z.string().nullish(),
  rtspsAddress: z.string().nullish(),
  rtspTransports: z.array(z.string()).nullish(),
  hls: z.boolean(),
  hlsAddress: z.string(),
  hlsEncryption: z.boolean().nullish(),
});
/** Where a server listens, as far as it concerns those who take streams from it. */
export type Ways = z.infer<typeof ways>;
/** Every stream that a server knows, live or not, by its name. */
export type Paths = Map<string, z.infer<typeof path>>;

/**
 * All pages of `/v3/paths/list`, below the root of an API. What is not all of it is none: a stream that was missed would
 * count as offline.
 *
 * @throws as `askApi`; TemporaryError `answer_unclear`
 */
export async function readPaths(root: URL, asking: Asking): Promise<Paths> {
  const paths: Paths = new Map();
  for (let page = 0; page < mostPages; page++) {
    const url = new URL(`v3/paths/list?itemsPerPage=${perPage}&page=${page}`, root);
    const { items, pageCount, itemCount = 0 } = await askApi(url, pathPage, asking);
    for (const each of items ?? []) paths.set(each.name, each);
    if (page + 1 < pageCount) continue;
    if (page === 0 || paths.size === itemCount) return paths;
    break;
  }
  throw new TemporaryError('answer_unclear', { detail: `${paths.size} streams on ${root.host}, and more` });
}

/** `/v3/config/global/get`. @throws as `askApi` */
export const readWays = (root: URL, asking: Asking): Promise<Ways> =>
  askApi(new URL('v3/config/global/get', root), ways, asking);

/** What is shown while nobody publishes (`alwaysAvailable`) is ready, and not online. */
export const isLive = ({ online, ready }: z.infer<typeof path>) => online ?? ready ?? false;

/** Since when, where the server tells. */
export function liveSince({ onlineTime, readyTime }: z.infer<typeof path>): Date | undefined {
  const since = new Date(onlineTime ?? readyTime ?? Number.NaN);
  return Number.isNaN(since.getTime()) ? undefined : since;
}

/** @throws UserError `list_refused`, `no_list`; what `fetchText` throws */
async function askApi<T>(url: URL, answer: z.ZodType<T>, asking: Asking): Promise<T> {
  try {
    const { text } = await fetchText(url.href, { ...asking, timeoutMs: answerMs });
    const parsed = answer.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
  } catch (error) {
    const status = error instanceof HttpStatusError ? error.status : undefined;
    if (status === 401 || status === 403) throw new UserError('list_refused', {}, { cause: error });
    if (status !== 404) throw error;
  }
  throw new UserError('no_list');
}
