import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { ApiError } from './api-error.ts';
import type { Route } from './route.ts';
import type { WorldForServer } from './types.ts';

/**
 * Sends the file that getFile named (cloud mode only).
 *
 * @throws ApiError 401 and 404, as JSON like everything else
 */
export async function downloadFile(
  world: Pick<WorldForServer, 'botOf' | 'fileAt'>,
  { token, filePath }: Extract<Route, { kind: 'file' }>,
  response: ServerResponse,
): Promise<void> {
  if (world.botOf(token) === undefined) throw new ApiError(401, 'Unauthorized');
  const file = world.fileAt(token, filePath);
  if (file === undefined) throw new ApiError(404, 'Not Found');
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': file.sizeBytes });
  // A client that hangs up is its own affair.
  await pipeline(createReadStream(file.path), response).catch(() => {});
}
