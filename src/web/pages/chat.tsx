import { commandSpecs } from '../../core/command.ts';
import { Layout } from './layout.tsx';
import { Message, type Thread } from './message.tsx';

/** The chat: what was said, and where to type. */
export function ChatPage({ threads }: { threads: Thread[] }) {
  return (
    <Layout title="Aircheck">
      <main class="chat">
        <div id="messages" aria-live="polite" data-events="/chat/events">
          {threads.length === 0 && (
            <p class="empty">
              Paste the link of a live stream after <code>/record</code>. The recording appears here when it ends.
            </p>
          )}
          {threads.map((thread) => (
            <Message thread={thread} />
          ))}
        </div>
        <form class="say" hx-post="/chat" hx-swap="none" method="post" action="/chat" autocomplete="off">
          <label class="hidden" for="text">
            Command
          </label>
          <input id="text" name="text" list="commands" maxlength={4096} required placeholder="/record https://…" />
          <datalist id="commands">
            {commandSpecs.map(({ example }) => (
              <option value={example} />
            ))}
          </datalist>
          <button type="submit">Send</button>
        </form>
        <details class="bring">
          <summary>Cookies of a site</summary>
          <form method="post" action="/chat/cookies" enctype="multipart/form-data">
            <label for="file">
              A cookies.txt of a browser that is logged in (Netscape format). It is kept encrypted.
            </label>
            <input id="file" name="file" type="file" accept=".txt,text/plain" required />
            <button type="submit">Keep</button>
          </form>
        </details>
      </main>
    </Layout>
  );
}
