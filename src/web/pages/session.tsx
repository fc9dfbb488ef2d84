import { percent } from '../../core/card.ts';
import { type Detection, detectionLine } from '../../core/check-lines.ts';
import { formatDuration, formatSize } from '../../core/duration.ts';
import { en } from '../../core/text/en.ts';
import { Layout } from './layout.tsx';

export type SessionView = {
  id: number;
  name: string;
  state: string;
  startedAt: Date;
  lengthMs: number;
  sizeBytes: number;
  coverage: number;
  gaps: { atMs: number; lengthMs: number; cause: string }[];
  /** How fast it was seen and begun; absent in lists. */
  detection?: Detection | undefined;
};

/** One recording: the player, live or finished, and what is missing. */
export function SessionPage({ session }: { session: SessionView }) {
  return (
    <Layout title={session.name}>
      <main class="session">
        <h1>
          <span class={`state ${session.state}`}>{session.state}</span> {session.name}
        </h1>
        <video id="player" controls playsinline data-hls={`/sessions/${session.id}/index.m3u8`} />
        <p class="facts">
          {session.startedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC · {formatDuration(session.lengthMs)} ·{' '}
          {formatSize(session.sizeBytes)} · {percent(session.coverage)} complete ·{' '}
          <a href={`/sessions/${session.id}.mp4`}>Download MP4</a>
        </p>
        {session.detection && <p class="facts">{detectionLine('en', session.detection)}</p>}
        {session.gaps.length > 0 && (
          <section>
            <h2>Gaps</h2>
            <ul>
              {session.gaps.map((gap) => (
                <li>
                  {formatDuration(gap.atMs)}: {formatDuration(gap.lengthMs)} ({en.causes[gap.cause] ?? gap.cause})
                </li>
              ))}
            </ul>
          </section>
        )}
      </main>
      <script src="/assets/hls.js" defer />
    </Layout>
  );
}

/** All recordings, newest first. */
export function SessionsPage({ sessions }: { sessions: SessionView[] }) {
  return (
    <Layout title="Recordings">
      <main class="sessions">
        <h1>Recordings</h1>
        {sessions.length === 0 && <p class="empty">Nothing is recorded yet.</p>}
        <ul>
          {sessions.map((session) => (
            <li>
              <a href={`/sessions/${session.id}`}>
                <span class={`state ${session.state}`}>{session.state}</span>
                <strong>{session.name}</strong>
                <span>
                  {session.startedAt.toISOString().slice(0, 16).replace('T', ' ')} · {formatDuration(session.lengthMs)}{' '}
                  · {formatSize(session.sizeBytes)}
                </span>
              </a>
            </li>
          ))}
        </ul>
      </main>
    </Layout>
  );
}
