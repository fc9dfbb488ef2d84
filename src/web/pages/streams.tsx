import { Layout } from './layout.tsx';

export type StreamView = {
  name: string;
  platform: string;
  title: string | null;
  /** What the last looks showed, newest first. */
  lines: string[];
  /** Ids of the orders on it, as people type them. */
  orders: string[];
};

/** Everything that is watched, with what looking at it showed: why it was or was not recorded. */
export function StreamsPage({ streams, totalCount }: { streams: StreamView[]; totalCount: number }) {
  return (
    <Layout title="Watched">
      <main class="sessions">
        <h1>Watched</h1>
        {streams.length === 0 && <p class="empty">Nothing is watched. Type /watch with a link.</p>}
        {totalCount > streams.length && (
          <p class="empty">
            The {streams.length} of {totalCount} whose state changed last.
          </p>
        )}
        <ul>
          {streams.map((stream) => (
            <li>
              <strong>{stream.name}</strong> <span>{[stream.platform, ...stream.orders].join(' · ')}</span>
              {stream.title && <p>{stream.title}</p>}
              {stream.lines.map((line) => (
                <p class="facts">{line}</p>
              ))}
            </li>
          ))}
        </ul>
      </main>
    </Layout>
  );
}
