import type { Child } from 'hono/jsx';

/** The frame of every page. */
export function Layout({ title, children }: { title: string; children: Child }) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/style.css" />
        <script src="/assets/htmx.js" defer />
        <script src="/assets/app.js" defer />
      </head>
      <body>
        <header class="top">
          <a class="brand" href="/">
            <span class="dot" aria-hidden="true" /> Aircheck
          </a>
          <nav>
            <a href="/">Chat</a>
            <a href="/sessions">Recordings</a>
            <a href="/streams">Watched</a>
          </nav>
        </header>
        {children}
      </body>
    </html>
  );
}
