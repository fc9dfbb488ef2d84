import { formatDuration, formatSize } from '../../core/duration.ts';
import type { webMessages } from '../../db/schema.ts';

export type MessageRow = typeof webMessages.$inferSelect;
export type Thread = { message: MessageRow; comments: MessageRow[] };

const clock = (date: Date) => date.toISOString().slice(11, 16);

/** One message with the comments under it; the same HTML at first and whenever it changes. */
export function Message({ thread: { message, comments } }: { thread: Thread }) {
  const { id, author, kind, content } = message;
  const classes = ['message', author, kind, content.isError ? 'error' : ''].filter(Boolean).join(' ');
  return (
    <article class={classes} id={`m${id}`} data-id={id}>
      {kind === 'card' ? <Card message={message} /> : <Body message={message} />}
      {comments.length > 0 && (
        <section class="comments" aria-label="Comments">
          {comments.map((comment) => (
            <p id={`m${comment.id}`}>{comment.content.text}</p>
          ))}
        </section>
      )}
      <time datetime={message.createdAt.toISOString()}>{clock(message.createdAt)}</time>
    </article>
  );
}

function Body({ message: { id, content, media } }: { message: MessageRow }) {
  return (
    <>
      {media.length > 0 && (
        <div class={`album n${Math.min(media.length, 4)}`}>
          {media.map((item, index) => (
            <figure>
              <video
                controls
                playsinline
                preload="metadata"
                src={`/messages/${id}/media/${index}`}
                poster={item.thumbnailKey ? `/messages/${id}/media/${index}/poster` : undefined}
              />
              <figcaption>
                {formatDuration(item.lengthMs)} · {formatSize(item.sizeBytes)}
              </figcaption>
            </figure>
          ))}
        </div>
      )}
      <p class="text">{content.text}</p>
    </>
  );
}

function Card({ message: { content } }: { message: MessageRow }) {
  return (
    <>
      <h2>
        <span class={`state ${content.state ?? ''}`}>{content.stateText ?? content.state}</span> {content.text}
      </h2>
      <dl>
        {content.facts?.map(({ label, value }) => (
          <div>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div class="buttons">
        {content.buttons?.map(({ text, command, url }) =>
          url ? (
            <a class="button" href={url}>
              {text}
            </a>
          ) : (
            <button type="button" hx-post="/chat" hx-swap="none" hx-vals={JSON.stringify({ text: command ?? '' })}>
              {text}
            </button>
          ),
        )}
      </div>
    </>
  );
}
